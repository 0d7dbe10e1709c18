import type { Window } from './time-axis.tsx'

/** Something that lasts; `to` null = it still does. Unix ms. */
export interface Lasting {
  readonly from: number
  readonly to: number | null
}

/** Left edge and width, px. */
export type Place = readonly [x: number, width: number]

/** Where a stretch of time stands in a chart of `width` px, cut to its window and never thinner than a pixel; undefined outside of it. */
export function placeOf(
  { from, to }: Lasting,
  window: Window,
  width: number,
  now: number,
): Place | undefined {
  const scale = width / (window.to - window.from)
  const a = Math.max(0, (from - window.from) * scale)
  const b = Math.min(width, ((to ?? now) - window.from) * scale)
  return b <= 0 || a >= width || b <= a ? undefined : [a, Math.max(1, b - a)]
}
