import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import type { Surface } from './wall-layout.ts'

/** The size of an element, followed as it changes; undefined until it is laid out. */
export function useSurface(ref: RefObject<HTMLElement | null>): Surface | undefined {
  const [surface, setSurface] = useState<Surface | undefined>()
  useLayoutEffect(() => {
    const element = ref.current
    if (!element) return undefined
    const measure = () =>
      setSurface({
        width: element.clientWidth,
        height: element.clientHeight,
        scale: Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16,
      })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return surface
}

/** Keeps the screen awake while the view is shown; a browser that will not is left alone. */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined
    let isOver = false
    const ask = () => {
      if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
      navigator.wakeLock.request('screen').then(
        (given) => {
          lock = given
          if (isOver) void given.release()
        },
        // Battery low, or not over HTTPS: the screen's own settings decide.
        () => undefined,
      )
    }
    ask()
    document.addEventListener('visibilitychange', ask)
    return () => {
      isOver = true
      document.removeEventListener('visibilitychange', ask)
      void lock?.release()
    }
  }, [])
}

/** Whether the screen is too small for a wall: then it is a list that one scrolls. */
export function useIsSmall(): boolean {
  const [query] = useState(() => matchMedia('(max-width: 44rem), (max-height: 26rem)'))
  const [isSmall, setIsSmall] = useState(query.matches)
  useEffect(() => {
    const change = () => setIsSmall(query.matches)
    query.addEventListener('change', change)
    return () => query.removeEventListener('change', change)
  }, [])
  return isSmall
}
