import type { Window } from './time-axis.tsx'

/** A finger or a mouse button that is down: where it is, where it was put, px, and the instant that it took hold of. */
export interface Hold {
  readonly x: number
  readonly startX: number
  readonly at: number
}

/** Fingers closer than this (px) say nothing about a scale. */
const closest = 12

/** The window in which every finger is over the instant that it took hold of; undefined where they say nothing. */
export function heldWindow(holds: readonly Hold[], { from, to }: Window, width: number): Window | undefined {
  const [first, second] = holds
  if (!first) return undefined
  if (!second) {
    const shift = ((first.startX - first.x) / Math.max(1, width)) * (to - from)
    return { from: from + shift, to: to + shift }
  }
  const apart = second.x - first.x
  if (Math.abs(apart) < closest || Math.abs(second.startX - first.startX) < closest) return undefined
  const scale = (second.at - first.at) / apart
  if (scale <= 0) return undefined
  const begin = first.at - first.x * scale
  return { from: begin, to: begin + width * scale }
}
