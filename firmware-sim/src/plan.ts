import { DAY, HOUR, type KnownState, MINUTE } from '@hours/protocol'
import { type Kind, longest, shortest } from './kinds.ts'
import { createRandom, hash } from './random.ts'

/** A stretch of nominal state, [from, to) in Unix ms. */
export interface Stretch {
  readonly state: KnownState
  readonly from: number
  readonly to: number
}

type Interval = readonly [number, number]

/** Public holidays as the simulator keeps them: MM-DD each year, and the moving ones by date. */
const holidays = new Set([
  '01-01',
  '05-01',
  '05-02',
  '05-03',
  '10-01',
  '10-02',
  '10-03',
  '10-04',
  '10-05',
  '10-06',
  '10-07',
  ...['2025-01-28', '2025-01-29', '2025-01-30', '2025-01-31', '2025-02-01', '2025-02-02', '2025-02-03'],
  ...['2026-02-16', '2026-02-17', '2026-02-18', '2026-02-19', '2026-02-20', '2026-02-21', '2026-02-22'],
])

/** What the plan needs to know; `offsetMs` is the zone's offset (the simulator's zones have one). */
export interface PlanInput {
  readonly seed: number
  readonly id: string
  readonly kind: Kind
  readonly offsetMs: number
  /** Scales how often the instrument is used; 1 = as its kind. */
  readonly busy: number
}

/** The nominal states of one instrument over [from, to): they partition it, and none is shorter than `shortest`
 * but at the edges. The same for any cut of time. */
export function planStretches(input: PlanInput, from: number, to: number): Stretch[] {
  const runs: Interval[] = []
  const powered: Interval[] = []
  const first = Math.floor((from - longest + input.offsetMs) / DAY) - 1
  const last = Math.floor((to + input.offsetMs) / DAY) + 1
  for (let day = first; day <= last; day++) planDay(input, day, runs, powered)
  const on = merge(powered)
  const run = merge(runs)
  return paint(input.kind.alwaysOn ? 'standby' : 'off', on, run, from, to)
}

function planDay(input: PlanInput, day: number, runs: Interval[], powered: Interval[]): void {
  const { kind, seed, id, busy } = input
  const { habit } = kind
  const next = createRandom(hash(seed, id, day))
  const start = day * DAY - input.offsetMs
  const date = new Date(day * DAY).toISOString().slice(0, 10)
  const weekday = new Date(day * DAY).getUTCDay()
  const free = weekday === 0 || weekday === 6 || holidays.has(date) || holidays.has(date.slice(5))
  const works = next() < (free ? habit.weekend * busy : 0.5 + 0.45 * Math.min(1, busy))
  if (!works) return
  const at = (hour: number) => seconds(start + hour * HOUR)
  const opens = at(habit.day[0] + (next() - 0.5) * 1.2)
  const closes = at(Math.min(23.9, habit.day[1] + (next() - 0.5) * 2))
  const [low, high] = habit.runsPerDay
  const count = Math.round((low + next() * (high - low)) * (free ? 0.5 : 1) * busy)
  let cursor = opens + seconds((10 + next() * 40) * MINUTE)
  let latest = closes
  for (let i = 0; i < count && cursor < closes - 20 * MINUTE; i++) {
    const length = habit.runHours[0] + next() ** 1.6 * (habit.runHours[1] - habit.runHours[0])
    const end = cursor + seconds(Math.min(longest - DAY / 2, length * HOUR))
    runs.push([cursor, end])
    latest = Math.max(latest, end + seconds((5 + next() * 25) * MINUTE))
    cursor = end + seconds((5 + next() ** 2 * 110) * MINUTE)
  }
  if (next() < habit.overnight * busy) {
    const begin = Math.max(cursor, at(19 + next() * 3))
    const end = begin + seconds((5 + next() * 7) * HOUR)
    runs.push([begin, end])
    latest = Math.max(latest, end + 10 * MINUTE)
  }
  powered.push([opens, latest])
}

/** Plans move on whole seconds: what plugs print as local time has no finer grain. */
const seconds = (ms: number) => Math.round(ms / 1_000) * 1_000

/** Sorted, joined where they overlap or leave a pause too short to be one, and without runs too short to be one. */
function merge(intervals: Interval[]): Interval[] {
  const sorted = [...intervals].sort((a, b) => a[0] - b[0])
  const out: [number, number][] = []
  for (const [from, to] of sorted) {
    const last = out.at(-1)
    if (last && from - last[1] < shortest) last[1] = Math.max(last[1], to)
    else out.push([from, to])
  }
  return out.filter(([from, to]) => to - from >= shortest)
}

/** Lays `on` (standby) and over it `run` on the base state, keeping every stretch of standby or off long enough. */
function paint(
  base: 'off' | 'standby',
  on: readonly Interval[],
  run: readonly Interval[],
  from: number,
  to: number,
): Stretch[] {
  // An instrument is powered while it runs and a little before and after.
  const lit = merge([...on, ...run.map(([a, b]): Interval => [a - 2 * shortest, b + 2 * shortest])])
  const cuts = new Set<number>([from, to])
  for (const [a, b] of [...lit, ...run]) {
    if (a > from && a < to) cuts.add(a)
    if (b > from && b < to) cuts.add(b)
  }
  const edges = [...cuts].sort((a, b) => a - b)
  const out: { state: KnownState; from: number; to: number }[] = []
  let l = 0
  let r = 0
  for (let i = 0; i + 1 < edges.length; i++) {
    const a = edges[i] as number
    const b = edges[i + 1] as number
    while (l < lit.length && (lit[l] as Interval)[1] <= a) l++
    while (r < run.length && (run[r] as Interval)[1] <= a) r++
    const running = r < run.length && (run[r] as Interval)[0] <= a
    const powered = l < lit.length && (lit[l] as Interval)[0] <= a
    const state = running ? 'run' : powered ? 'standby' : base
    const last = out.at(-1)
    if (last?.state === state) last.to = b
    else out.push({ state, from: a, to: b })
  }
  return out
}
