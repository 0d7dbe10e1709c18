import type {
  InstrumentSettings,
  PageInstrument,
  PageSpan,
  PowerMinute,
  State,
  StateEvent,
} from '@hours/protocol'
import { pageGrowth } from '@hours/protocol'
import {
  combineSources,
  createDetector,
  type DetectorState,
  type KnownSpan,
  type RejectReason,
  type Sample,
  sealDelayMs,
  type Transition,
} from '@hours/sensing'
import { combineLive } from './combine-live.ts'
import { createMeter, type MeterPage, type MeterState } from './meter.ts'
import type { Interval } from './time-keeper.ts'

/** Counters over the life of the enrolment, ms; they never fall. */
export interface Counters {
  readonly onMs: number
  readonly runMs: number
}

/** All that one instrument's logbook must remember over a restart; plain JSON. One detector a source. */
export interface InstrumentState {
  readonly detectors: readonly DetectorState[]
  readonly meter: MeterState
  readonly counters: Counters
}

/** What became of one sample; `rejected` names why it counts for nothing. */
export interface Taken {
  readonly rejected?: RejectReason
  readonly transitions: readonly Transition[]
}

/** One instrument's part of a page that ends. */
export interface SealedPart {
  readonly page: PageInstrument
  readonly meter: MeterPage
  /** Sources contradicted each other for so long in this page, ms: unknown. */
  readonly conflictMs: number
}

/** The logbook of one instrument: samples in, its part of each page out. */
export interface InstrumentLog {
  readonly settings: InstrumentSettings
  /** How long after a page's end its spans are final, ms. */
  readonly sealDelayMs: number
  /** A sample of source `source` (0 = the first). */
  push(sample: Sample, source: number): Taken
  /** A reading that was refused before it became a sample. */
  reject(at: number): void
  tick(now: number): readonly Transition[]
  /** The part of the page [from, to); spans outside of `trusted` are left out (unknown). */
  seal(page: { from: number; to: number; now: number; trusted: readonly Interval[] }): SealedPart
  /** Takes growth back that could not be stated in the page just sealed. */
  takeBack(growth: Counters): void
  /** Everything before this moment is final already, whatever comes; for a clean shutdown. */
  settled(now: number): number
  /** Ends the evidence: a hole follows the last sample, what came before can still be sealed. */
  cut(): void
  /** Forgets the open evidence: time took another base. Counters stay. */
  reset(): void
  current(): { readonly state: StateEvent['state']; readonly since: number; readonly mw: number | null }
  lastSampleAt(): number | null
  checkpoint(): InstrumentState
}

export function createInstrumentLog(settings: InstrumentSettings, restored?: InstrumentState): InstrumentLog {
  const sources = [settings.source, ...(settings.others ?? [])]
  const start = (state?: DetectorState) => ({
    detector: createDetector(settings, state),
    early: [] as KnownSpan[],
  })
  let lines = sources.map((_, i) => start(restored?.detectors[i]))
  const meter = createMeter(restored?.meter)
  let counters: Counters = restored?.counters ?? { onMs: 0, runMs: 0 }
  let lastSampleAt = restored?.detectors[0]?.last ?? null
  let powerSource = sources.length
  const meters = sources.map(() => false)
  const delay = sealDelayMs(settings)
  const told = sources.some(({ kind }) => kind === 'sparkplug') ? { evidence: 'reported' } : {}
  const live = () =>
    combineLive(
      settings.combine,
      lines.map(({ detector }) => detector.current()),
    )
  let shown: State = live().state

  /** With one source its transitions are the instrument's; with several the combined state speaks. */
  function tell(own: readonly Transition[], at: number): readonly Transition[] {
    if (lines.length === 1) return own
    const now = live()
    if (now.state === shown) return []
    shown = now.state
    const why = own.at(-1)?.why ?? 'combined'
    return [{ state: now.state, since: now.since, at, why, ...(now.mw === null ? {} : { mw: now.mw }) }]
  }

  /** Power and energy are those of the first source that measures them; they are never summed. */
  function count({ at, powerMw }: Sample, source: number): void {
    if (powerMw !== undefined) {
      powerSource = Math.min(powerSource, source)
      meters[source] = true
    }
    if (powerMw !== undefined && source === powerSource) meter.add(at, powerMw, settings.maxGapMs)
    else meter.count(at)
  }

  function spansOf({ from, to, now }: { from: number; to: number; now: number }) {
    const lists = lines.map((line) => {
      const found = [...line.early, ...line.detector.spansUntil(to, Math.max(now, to + delay))]
      line.early = line.early.filter((span) => span.to > to)
      return found
    })
    if (lists.length === 1) return { spans: lists[0] ?? [], conflictMs: 0 }
    const toleranceMs = Math.max(settings.dwellMs, settings.maxGapMs)
    const { spans, conflicts } = combineSources(settings.combine, lists, { from, to, toleranceMs, meters })
    return { spans, conflictMs: conflicts.reduce((sum, one) => sum + one.to - one.from, 0) }
  }

  return {
    settings,
    sealDelayMs: delay,
    push(sample, source) {
      const line = lines[source]
      if (!line) return { transitions: [] }
      const { rejected, transitions } = line.detector.push(sample)
      if (sample.lost) {
        if (source === powerSource) meter.cut()
        return { transitions: tell(transitions, sample.at) }
      }
      if (rejected) {
        meter.reject(sample.at)
        return { rejected, transitions: [] }
      }
      lastSampleAt = Math.max(lastSampleAt ?? 0, sample.at)
      count(sample, source)
      return { transitions: tell(transitions, sample.at) }
    },
    reject: (at) => meter.reject(at),
    tick(now) {
      return tell(
        lines.flatMap(({ detector }) => detector.tick(now)),
        now,
      )
    },
    seal({ from, to, now, trusted }) {
      const { spans: found, conflictMs } = spansOf({ from, to, now })
      const spans = trusted.flatMap((part) => relative(found, part, from))
      const growth = pageGrowth(spans)
      counters = { onMs: counters.onMs + growth.onMs, runMs: counters.runMs + growth.runMs }
      const taken = meter.take(from, to)
      const { mwh, mw, samples, rejected } = taken
      return {
        page: { id: settings.id, spans, ...counters, mwh, ...(mw ? { mw } : {}), samples, rejected, ...told },
        meter: taken,
        conflictMs,
      }
    },
    takeBack({ onMs, runMs }) {
      counters = { onMs: counters.onMs - onMs, runMs: counters.runMs - runMs }
    },
    settled(now) {
      const ends = lines.map(({ detector }) => {
        const { stretch } = detector.checkpoint()
        return stretch ? Math.max(stretch.emitted, now - delay) : now
      })
      return Math.min(now, ...ends)
    },
    cut() {
      for (const line of lines) line.early = [...line.early, ...line.detector.finish()]
      meter.cut()
    },
    reset() {
      lines = sources.map(() => start())
      meter.reset()
      lastSampleAt = null
    },
    current: live,
    lastSampleAt: () => lastSampleAt,
    checkpoint: () => ({
      detectors: lines.map(({ detector }) => detector.checkpoint()),
      meter: meter.checkpoint(),
      counters,
    }),
  }
}

/** Spans clipped to `part` and counted from `from`; ascending and disjoint as the page wants them. */
function relative(spans: readonly KnownSpan[], part: Interval, from: number): PageSpan[] {
  const out: PageSpan[] = []
  for (const span of spans) {
    const begin = Math.max(span.from, part.from) - from
    const end = Math.min(span.to, part.to) - from
    const last = out.at(-1)
    if (end <= begin || (last && begin < last[2])) continue
    if (last?.[0] === span.state && last[2] === begin) last[2] = end
    else out.push([span.state, begin, end])
  }
  return out
}

/** Minutes of power that were measured at all. */
export const hasPower = (minutes: readonly PowerMinute[]): boolean =>
  minutes.some((minute) => minute !== null)
