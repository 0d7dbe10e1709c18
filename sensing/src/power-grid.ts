import type { MeterPace } from './meter-pace.ts'
import type { PowerSeries } from './power-series.ts'

/** Power in W on an even grid, NaN where less than half of a cell is known. */
export interface Grid {
  readonly from: number
  readonly stepMs: number
  readonly watts: Float32Array
}

const mostCells = 8_000_000

/** The median of each cell of 10 s: a mean would make power that was never there out of a pulse and its pause. */
export function gridOf(series: PowerSeries, pace: MeterPace): Grid {
  const { from, to, maxGapMs } = pace
  const stepMs = Math.max(10_000, pace.intervalMs, Math.ceil((to - from) / mostCells))
  const watts = new Float32Array(Math.ceil((to - from) / stepMs)).fill(Number.NaN)
  const cell = createCell()
  let index = 0
  const close = () => {
    if (cell.known() * 2 >= stepMs) watts[index] = cell.median()
    cell.clear()
  }
  held(series, maxGapMs, (at, w, ms) => {
    for (let begin = at; begin < at + ms; ) {
      const here = Math.floor((begin - from) / stepMs)
      if (here !== index) {
        close()
        index = here
      }
      const end = Math.min(at + ms, from + (here + 1) * stepMs)
      cell.add(w, end - begin)
      begin = end
    }
  })
  close()
  return { from, stepMs, watts }
}

/** Calls back with each sample's Unix ms, W (never negative), and how long it holds: 0 ms before a hole and at the end. */
export function held(
  series: PowerSeries,
  maxGapMs: number,
  each: (at: number, watts: number, ms: number) => void,
): void {
  let before: number | undefined
  let power = 0
  series.walk((at, mw) => {
    if (before !== undefined) each(before, power, at - before <= maxGapMs ? at - before : 0)
    before = at
    power = Math.max(0, mw / 1_000)
  })
  if (before !== undefined) each(before, power, 0)
}

function createCell() {
  let parts: { watts: number; ms: number }[] = []
  const known = () => parts.reduce((sum, { ms }) => sum + ms, 0)
  return {
    known,
    add: (watts: number, ms: number) => void parts.push({ watts, ms }),
    clear: () => void (parts = []),
    median(): number {
      parts.sort((a, b) => a.watts - b.watts)
      let left = known() / 2
      return parts.find(({ ms }) => (left -= ms) <= 0)?.watts ?? Number.NaN
    },
  }
}

/** The median of a cell and its two neighbours: one reading alone is noise, or a glitch. */
export function smooth(grid: Grid): Grid {
  const { watts: w } = grid
  const watts = w.map((here, i) => {
    const before = w[i - 1] ?? Number.NaN
    const after = w[i + 1] ?? Number.NaN
    if (Number.isNaN(here) || Number.isNaN(before) || Number.isNaN(after)) return here
    return Math.max(Math.min(before, here), Math.min(Math.max(before, here), after))
  })
  return { ...grid, watts }
}

/** 1 for each cell in a stretch of at least `ms` that stays between the same two neighbours of `edges` (W, ascending). */
export function calmCells({ watts, stepMs }: Grid, edges: readonly number[], ms: number): Uint8Array {
  const calm = new Uint8Array(watts.length)
  const levelOf = (w: number) => (Number.isNaN(w) ? -1 : edges.filter((edge) => w >= edge).length)
  let from = 0
  let level = levelOf(watts[0] ?? Number.NaN)
  for (let cell = 1; cell <= watts.length; cell++) {
    const now = levelOf(watts[cell] ?? Number.NaN)
    if (now === level && cell < watts.length) continue
    if (level >= 0 && (cell - from) * stepMs >= ms) calm.fill(1, from, cell)
    from = cell
    level = now
  }
  return calm
}
