import { pointed } from './pointed.ts'
import type { Window } from './time-axis.tsx'

interface PointerProps {
  readonly window: Window
  readonly width: number
  readonly height: number
}

/** The line at the instant that is pointed at, in every chart over the same time. */
export function Pointer({ window: { from, to }, width, height }: PointerProps) {
  const at = pointed.value
  if (at === undefined || at < from || at > to) return null
  const x = ((at - from) / (to - from)) * width
  return <line class="mark" x1={x} x2={x} y1={0} y2={height} />
}
