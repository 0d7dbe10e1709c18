import type { State } from '@hours/protocol'

/** For the fixture server: what a simulated instrument does, a pure function of its number and the time. */

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour
/** The sites of the fixture are in Shanghai: +08:00 all year. */
export const zone = 'Asia/Shanghai'
const offset = 8 * hour

export interface Span {
  readonly state: State
  readonly from: number
  readonly to: number
}

/** A number in [0, 1) that depends on nothing but its arguments (mulberry32). */
export function chance(...seeds: readonly number[]): number {
  let a = 0x9e3779b9
  for (const seed of seeds) a = Math.imul(a ^ (seed + 0x6d2b79f5), 0x85ebca6b) ^ (a >>> 13)
  a = Math.imul(a ^ (a >>> 15), 1 | a)
  a ^= a + Math.imul(a ^ (a >>> 7), 61 | a)
  return ((a ^ (a >>> 14)) >>> 0) / 4_294_967_296
}

/** First instant of the local day of `at`. */
export const midnight = (at: number): number => Math.floor((at + offset) / day) * day - offset

/** The states of one local day: a working day with runs, pauses, now and then a fault or silence. */
function dayOf(number: number, start: number): Span[] {
  const date = Math.round((start + offset) / day)
  const weekday = (date + 3) % 7
  const always = number % 6 === 2
  const idle: State = always ? 'standby' : 'off'
  const spans: Span[] = []
  const lot = (n: number) => chance(number, date, n)
  if (weekday > 4 && lot(0) < 0.8 && !always) return [{ state: 'off', from: start, to: start + day }]
  let at = start + (7.5 + lot(1) * 2) * hour
  spans.push({ state: idle, from: start, to: at })
  const end = start + (15 + lot(2) * 8) * hour
  for (let n = 3; at < end; n += 2) {
    const warm = Math.min(end, at + (0.2 + lot(n) * 0.8) * hour)
    spans.push({ state: 'standby', from: at, to: warm })
    const stop = Math.min(end, warm + (0.6 + lot(n + 1) * 3.5) * hour)
    const fault = lot(n + 50) < 0.03
    if (stop > warm) spans.push({ state: fault ? 'fault' : 'run', from: warm, to: stop })
    at = stop
  }
  spans.push({ state: idle, from: at, to: start + day })
  return spans.filter(({ from, to }) => to > from).map((span) => rounded(span))
}

const rounded = ({ state, from, to }: Span): Span => ({
  state,
  from: Math.round(from / 1_000) * 1_000,
  to: Math.round(to / 1_000) * 1_000,
})

/** An afternoon without evidence, on one day in twelve. */
function hole(number: number, start: number): Span | undefined {
  const date = Math.round((start + offset) / day)
  if (chance(number, date, 999) > 0.08) return undefined
  const from = start + (9 + Math.floor(chance(number, date, 998) * 6)) * hour
  return { state: 'unknown', from, to: from + 2 * hour }
}

/** Spans that partition [from, to); unknown from `until` on, and before `since`. */
export function spansOf(
  number: number,
  window: { from: number; to: number; since: number; until: number },
): Span[] {
  const { from, to, since, until } = window
  const found: Span[] = []
  const add = (state: State, a: number, b: number) => {
    const start = Math.max(a, from)
    const end = Math.min(b, to)
    const last = found.at(-1)
    if (end <= start) return
    if (last?.state === state) found[found.length - 1] = { ...last, to: end }
    else found.push({ state, from: start, to: end })
  }
  add('unknown', from, since)
  for (let start = midnight(Math.max(from, since)); start < Math.min(to, until); start += day) {
    const gap = hole(number, start)
    for (const span of dayOf(number, start)) {
      const known = (a: number, b: number) => {
        const first = Math.max(a, since)
        const last = Math.min(b, until)
        if (last > first) add(span.state, first, last)
      }
      if (!gap || gap.to <= span.from || gap.from >= span.to) known(span.from, span.to)
      else {
        known(span.from, gap.from)
        add('unknown', Math.max(span.from, gap.from, since), Math.min(span.to, gap.to, until))
        known(gap.to, span.to)
      }
    }
  }
  add('unknown', Math.max(from, until), to)
  return found
}

/** Mean power of a minute in mW. */
export function powerOf(number: number, state: State, at: number): number | null {
  if (state === 'unknown') return null
  const scale = 200_000 * (1 + (number % 7))
  const noise = 0.92 + 0.16 * chance(number, Math.floor(at / minute))
  const level = { off: 0.004, standby: 0.22, run: 0.95, fault: 0.3 }[state]
  const wave = state === 'run' ? 1 + 0.12 * Math.sin(at / (11 * minute)) : 1
  return Math.round(scale * level * wave * noise)
}

export const scaleOf = (number: number): number => 200_000 * (1 + (number % 7))
