import { DAY, HOUR, type InstrumentSettings, type Millis, type ThresholdProposal } from '@hours/protocol'
import { calibrate, type Calibration, type Proposal, type Sample } from '@hours/sensing'
import type { Spool } from './spool.ts'

/** Thresholds that find themselves: a sketch of each instrument's power is kept, and read once a day. */
export interface CalibrationWatch {
  sample(instrument: string, sample: Sample): void
  /** Calibrates at most one instrument whose day has come, so that the gateway never stops for long. */
  turn(instruments: readonly InstrumentSettings[], now: Millis): void
  proposals(): ReadonlyMap<string, ThresholdProposal>
}

/** One reading in so many ms is kept: it leaves the levels and rhythms as they are, and a week in 60,000 numbers. */
const cellMs = 10_000
const cellsAnHour = HOUR / cellMs
/** A working week is seen before anything is proposed. */
export const calibrationDays = 7
/** Older hours are forgotten: a machine that was changed should be seen as it is now. */
const keptDays = 14

interface Sketch {
  hour: Millis
  cells: Float32Array<ArrayBuffer>
}

/** What a spool keeps for it: hours of watts, by instrument. */
type SketchStore = Pick<Spool, 'addSketch' | 'sketches' | 'dropSketches'>

/** `reads` false: sketches are kept for whoever proposes later, as where days of simulated history pass in seconds. */
export function createCalibrationWatch(store: SketchStore, reads = true): CalibrationWatch {
  const open = new Map<string, Sketch>()
  const tried = new Map<string, Millis>()
  const proposals = new Map<string, ThresholdProposal>()

  function sketchOf(instrument: string, hour: Millis): Sketch {
    const known = open.get(instrument)
    if (known?.hour === hour) return known
    if (known) attempt(() => store.addSketch(instrument, known.hour, known.cells))
    const fresh = { hour, cells: new Float32Array(cellsAnHour).fill(Number.NaN) }
    open.set(instrument, fresh)
    return fresh
  }

  function* samplesOf(instrument: string): Generator<Sample> {
    for (const { hour, cells } of store.sketches(instrument))
      for (const [i, watts] of cells.entries())
        if (!Number.isNaN(watts)) yield { at: hour + i * cellMs, powerMw: Math.round(watts * 1_000) }
  }

  function propose(settings: InstrumentSettings, now: Millis): void {
    const { id } = settings
    if (reads) proposals.set(id, proposalOf(calibrate(samplesOf(id)), settings, now))
    attempt(() => store.dropSketches(id, now - keptDays * DAY))
  }

  return {
    sample(instrument, { at, powerMw }) {
      if (powerMw === undefined) return
      const hour = Math.floor(at / HOUR) * HOUR
      const known = open.get(instrument)
      // What comes late belongs to an hour that is written; a week can spare it.
      if (known && hour < known.hour) return
      const { cells } = sketchOf(instrument, hour)
      const cell = Math.floor((at - hour) / cellMs)
      if (Number.isNaN(cells[cell])) cells[cell] = powerMw / 1_000
    },
    turn(instruments, now) {
      for (const settings of instruments) {
        if (now - (tried.get(settings.id) ?? -Infinity) < DAY) continue
        tried.set(settings.id, now)
        const [first] = store.sketches(settings.id)
        if (!first || now - first.hour < calibrationDays * DAY) continue
        propose(settings, now)
        return
      }
    },
    proposals: () => proposals,
  }
}

/** A sketch is a comfort: on a disk that takes nothing an hour of it is lost, and nothing else. */
function attempt(write: () => void): void {
  try {
    write()
  } catch {
    // The page that the disk does not take tells it (`spool_failed`).
  }
}

/** Levels that differ by less than this mean the same. */
const sameWithin = 0.1

function proposalOf(
  { accepted, reason, thresholds, evidence }: Calibration,
  inForce: InstrumentSettings,
  at: Millis,
): ThresholdProposal {
  if (!accepted || !thresholds) return { at, reason: reason.slice(0, 300), settings: null, differs: false }
  const { dwellMs, holdMs, maxGapMs, plausibleMw, ...levels } = thresholds
  return {
    at,
    reason: `${reason}; seen over ${Math.round(evidence.knownHours)} h`.slice(0, 300),
    settings: { thresholds: levels, dwellMs, holdMs, maxGapMs, plausibleMw: [...plausibleMw] },
    differs: differs({ ...levels, dwellMs, holdMs }, inForce) || maxGapMs > inForce.maxGapMs,
  }
}

/** By levels and times of debouncing; a plausible range or a longer gap than is needed changes no hours. */
function differs(
  proposed: Omit<Proposal, 'plausibleMw' | 'maxGapMs'>,
  { thresholds, dwellMs, holdMs = dwellMs }: InstrumentSettings,
): boolean {
  const inForce: typeof proposed = { ...thresholds, dwellMs, holdMs }
  return (Object.keys(inForce) as (keyof typeof inForce)[]).some((key) =>
    isOther(proposed[key], inForce[key]),
  )
}

const isOther = (a: number, b: number): boolean => Math.abs(a - b) > sameWithin * Math.max(a, b)
