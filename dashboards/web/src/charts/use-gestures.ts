import { useRef } from 'preact/hooks'
import { gutter } from './gutter.ts'
import { type Hold, heldWindow } from './held-window.ts'
import { pointed } from './pointed.ts'
import { spans, type SpanName, type WindowControl } from './use-window.ts'
import type { Window } from './time-axis.tsx'

/** A hand that shakes by so many px does not mean to drag. */
const still = 4
/** What moves the window of a timeline: one finger drags, two pinch, a tap points, Ctrl and wheel zooms. */
export function useGestures(window: WindowControl, width: number) {
  const holds = useRef(new Map<number, Hold>())
  const start = useRef<Window>(window)
  const drags = useRef(false)

  const placeOf = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return Math.min(width, Math.max(0, event.clientX - box.left - gutter))
  }
  const timeAt = (x: number, { from, to }: Window = window) => from + (x / Math.max(1, width)) * (to - from)

  /** With another number of fingers everything is held anew, where it is now. */
  const holdAnew = () => {
    start.current = { from: window.from, to: window.to }
    for (const [id, { x }] of holds.current) holds.current.set(id, { x, startX: x, at: timeAt(x) })
  }

  const down = (event: PointerEvent) => {
    const x = placeOf(event)
    ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
    if (holds.current.size === 0) drags.current = false
    holds.current.set(event.pointerId, { x, startX: x, at: timeAt(x) })
    holdAnew()
    pointed.value = timeAt(x)
  }

  const move = (event: PointerEvent) => {
    const x = placeOf(event)
    const hold = holds.current.get(event.pointerId)
    if (hold) {
      holds.current.set(event.pointerId, { ...hold, x })
      const next = heldWindow([...holds.current.values()], start.current, width)
      if (next && (drags.current || Math.abs(x - hold.startX) > still)) {
        drags.current = true
        window.set(next)
      }
    }
    pointed.value = hold?.at ?? timeAt(x)
  }

  const up = (event: PointerEvent) => {
    holds.current.delete(event.pointerId)
    holdAnew()
  }

  const wheel = (event: WheelEvent) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY)
    // Plain scrolling belongs to the page; pinching on a touch pad comes as Ctrl and wheel.
    if (!event.ctrlKey && !event.metaKey && !sideways) return
    event.preventDefault()
    if (sideways) window.move(event.deltaX / 800)
    else window.zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(placeOf(event)))
  }

  return {
    onWheel: wheel,
    onPointerDown: down,
    onPointerMove: move,
    onPointerUp: up,
    onPointerCancel: up,
    onPointerLeave: (event: PointerEvent) => {
      // A finger that is lifted has been read; what it pointed at stays.
      if (event.pointerType === 'mouse') pointed.value = undefined
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const act = keys[event.key]
      if (!act) return
      event.preventDefault()
      act(window)
    },
  }
}

const keys: Readonly<Record<string, (window: WindowControl) => void>> = {
  ArrowLeft: (window) => window.move(-0.2),
  ArrowRight: (window) => window.move(0.2),
  PageUp: (window) => window.move(-1),
  PageDown: (window) => window.move(1),
  '+': (window) => window.zoom(0.5),
  '=': (window) => window.zoom(0.5),
  '-': (window) => window.zoom(2),
  Home: (window) => window.now(),
  ...Object.fromEntries(
    (Object.keys(spans) as SpanName[]).map((name, i) => [
      String(i + 1),
      (window: WindowControl) => window.span(name),
    ]),
  ),
}
