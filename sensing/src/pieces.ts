import type { Thresholds } from '@hours/protocol'
import type { MeterPace } from './meter-pace.ts'
import { held } from './power-grid.ts'
import type { PowerSeries } from './power-series.ts'

/** What the raw samples say, with hysteresis and nothing else: off, powered below the cut, above it. */
export type Side = 'off' | 'low' | 'high'

/** A stretch of one side, [from, to) in Unix ms; where the next one does not touch, nothing is known between. */
export interface Piece {
  readonly side: Side
  readonly from: number
  readonly to: number
}

/** More changes than this are noise about a threshold, and would not fit into memory for a year at 1 s. */
const mostPieces = 2_000_000

/** The pieces of a recording under these thresholds, or undefined where it flickers without end. */
export function piecesOf(series: PowerSeries, pace: MeterPace, level: Thresholds): Piece[] | undefined {
  const done: Piece[] = []
  let open: { side: Side; from: number; to: number } | undefined
  held(series, pace.maxGapMs, (at, watts, ms) => {
    if (ms === 0 || done.length > mostPieces) return
    const touching = open?.to === at ? open : undefined
    const side = sideOf(watts * 1_000, level, touching?.side ?? 'off')
    if (touching?.side === side) touching.to = at + ms
    else {
      if (open) done.push(open)
      open = { side, from: at, to: at + ms }
    }
  })
  if (open) done.push(open)
  return done.length > mostPieces ? undefined : done
}

function sideOf(mw: number, level: Thresholds, before: Side): Side {
  if (mw >= (before === 'high' ? level.runStopMw : level.runStartMw)) return 'high'
  return mw >= (before === 'off' ? level.onStartMw : level.onStopMw) ? 'low' : 'off'
}

/** Dwell and hold in ms, as the detector takes them. */
export interface Times {
  readonly dwellMs: number
  readonly holdMs: number
}

/** A run, and what the machine did in the two minutes on either side: `hole` where nothing is known. */
export interface Run {
  readonly from: number
  readonly to: number
  readonly before: 'off' | 'standby' | 'hole'
  readonly after: 'off' | 'standby' | 'hole'
  /** Standby since the run before, ms; undefined where the machine was switched off in between, or nothing is known. */
  readonly pause: number | undefined
}

/** The runs that the detector would make of these pieces: the same rules of dwell, hold and holes (flag.ts). */
export function runsOf(pieces: readonly Piece[], { dwellMs, holdMs }: Times): Run[] {
  const runs: Run[] = []
  let confirmed: boolean | undefined
  let opened: number | undefined
  let ended: number | undefined
  const close = (i: number, to: number) => {
    if (opened === undefined) return
    const from = pieces[opened]?.from ?? to
    runs.push({
      from,
      to,
      before: beside(pieces, opened - 1, -1, from),
      after: beside(pieces, i, 1, to),
      pause: ended === undefined ? undefined : from - ended,
    })
    opened = undefined
    ended = to
  }
  for (let i = 0; i < pieces.length; ) {
    const high = pieces[i]?.side === 'high'
    let next = i + 1
    while (touches(pieces, next) && (pieces[next]?.side === 'high') === high) next += 1
    const from = pieces[i]?.from ?? 0
    const to = pieces[next - 1]?.to ?? 0
    const settled = to - from >= (confirmed === true && !high ? holdMs : dwellMs)
    const ends = !touches(pieces, next)
    if (confirmed === undefined || settled || ends) {
      if (high) opened ??= i
      else close(i, from)
      if (settled || confirmed !== undefined) confirmed = high
    }
    if (pieces.slice(i, next).some((piece) => piece.side === 'off' && piece.to - piece.from >= switchedOffMs))
      ended = undefined
    if (ends) {
      close(next, to)
      confirmed = undefined
      ended = undefined
    }
    i = next
  }
  return runs
}

/** Off for longer than this was somebody's hand, and no reading of 0 W in between. */
const switchedOffMs = 600_000

const touches = (pieces: readonly Piece[], i: number): boolean => pieces[i]?.from === pieces[i - 1]?.to

const besideMs = 120_000

function beside(pieces: readonly Piece[], first: number, step: 1 | -1, edge: number): Run['before'] {
  const time = { off: 0, low: 0, high: 0 }
  let at = edge
  for (let i = first; ; i += step) {
    const piece = pieces[i]
    if (!piece || (step === 1 ? piece.from : piece.to) !== at || Math.abs(at - edge) >= besideMs) break
    time[piece.side] += Math.min(piece.to - piece.from, besideMs - Math.abs(at - edge))
    at = step === 1 ? piece.to : piece.from
  }
  if (time.off + time.low === 0) return 'hole'
  // Two watts of standby read 0 W every other time on a plug with steps of two.
  return 2 * time.low >= time.off ? 'standby' : 'off'
}

export const hoursOf = (runs: readonly { readonly from: number; readonly to: number }[]): number =>
  runs.reduce((sum, run) => sum + run.to - run.from, 0) / 3_600_000

/** Powered time below the cut in each stretch that nothing above it interrupts: standby of 2 W may read 0 W in between. */
export function lowStretches(pieces: readonly Piece[]): number[] {
  const lows: number[] = []
  let open = false
  for (const [i, { side, from, to }] of pieces.entries()) {
    if (!touches(pieces, i) || side === 'high') open = false
    if (side !== 'low') continue
    if (open) lows[lows.length - 1] = (lows.at(-1) ?? 0) + to - from
    else lows.push(to - from)
    open = true
  }
  return lows
}
