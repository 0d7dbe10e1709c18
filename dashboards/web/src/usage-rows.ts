import type { UsageRow } from '@hours/protocol'
import { addDurations, type Durations, poweredOf, sumOf } from './states.ts'

/** Hours of one stretch of time, up to now. */
export interface Stretch {
  readonly label: string
  readonly from: number
  readonly to: number
  readonly states: Durations
}

/** The row up to now. Its states are whole: the API counts enrolled time up to now, and what is to come is nowhere. */
export const untilNow = ({ label, from, to, states }: UsageRow, now: number): Stretch => ({
  label,
  from,
  to: Math.min(to, now),
  states,
})

/** One stretch a label, over all instruments, in the order of time. */
export function sumByLabel(rows: readonly UsageRow[], now: number): Stretch[] {
  const groups = new Map<string, Stretch[]>()
  for (const row of rows) {
    if (row.from >= now) continue
    const list = groups.get(row.label) ?? []
    groups.set(row.label, list)
    list.push(untilNow(row, now))
  }
  const sums = [...groups].map(([label, list]) => ({
    label,
    from: Math.min(...list.map(({ from }) => from)),
    to: Math.max(...list.map(({ to }) => to)),
    states: addDurations(list.map(({ states }) => states)),
  }))
  return sums.sort((a, b) => a.from - b.from)
}

/** Known part of the time; null when there is none. */
export function coverageOf(states: Durations): number | null {
  const all = sumOf(states)
  return all === 0 ? null : (all - states.unknown) / all
}

/** For tables and files: label, then hours. */
export const stretchCells = ({ label, states }: Stretch, show: (ms: number) => string | number) => [
  label,
  show(poweredOf(states)),
  show(states.run),
  show(states.standby),
  show(states.fault),
  show(states.off),
  show(states.unknown),
]
