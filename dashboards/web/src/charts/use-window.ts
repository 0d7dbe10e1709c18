import { place, setQuery } from '../route.ts'
import { serverNow } from '../clock.ts'
import type { Window } from './time-axis.tsx'

const minute = 60_000
const day = 1_440 * minute
export const spans = { hour: 60 * minute, day, week: 7 * day, month: 31 * day, year: 366 * day } as const
export type SpanName = keyof typeof spans

/** The API answers at most 400 days at a time. */
const longest = 400 * day
const shortest = 10 * minute

export interface WindowControl extends Window {
  /** Ends now, and moves along. */
  readonly following: boolean
  readonly set: (window: Window) => void
  readonly span: (name: SpanName) => void
  readonly move: (share: number) => void
  readonly zoom: (factor: number, at?: number) => void
  readonly now: () => void
}

/** The stretch of time on show; kept in the address (`from`, `to`, or `span` when it ends now). */
export function useWindow(): WindowControl {
  const { query } = place.value
  const from = Number(query.get('from'))
  const to = Number(query.get('to'))
  const fixed = to > from && from > 0
  const length = Number(query.get('length')) || spans.day
  // Whole minutes: the address of the question changes once a minute, not each second.
  const end = Math.ceil(serverNow.value / minute) * minute
  const window = fixed ? { from, to } : { from: end - length, to: end }
  const size = window.to - window.from

  const set = (next: Window) => {
    const wanted = Math.round(Math.min(longest, Math.max(shortest, next.to - next.from)))
    const latest = Math.round(Math.min(next.to, end + wanted / 2))
    if (latest >= end && latest - end < wanted * 0.02)
      setQuery({ from: null, to: null, length: wanted === spans.day ? null : String(wanted) })
    else setQuery({ from: String(latest - wanted), to: String(latest), length: null })
  }
  return {
    ...window,
    following: !fixed,
    set,
    span(name) {
      const half = spans[name] / 2
      const middle = (window.from + window.to) / 2
      set(fixed ? { from: middle - half, to: middle + half } : { from: end - spans[name], to: end })
    },
    move: (share) => set({ from: window.from + share * size, to: window.to + share * size }),
    zoom(factor, at) {
      const pivot = at ?? (fixed ? (window.from + window.to) / 2 : window.to)
      set({ from: pivot - (pivot - window.from) * factor, to: pivot + (window.to - pivot) * factor })
    },
    now: () => set({ from: end - size, to: end }),
  }
}
