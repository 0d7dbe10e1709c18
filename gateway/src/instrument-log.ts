import type { InstrumentSettings, PageInstrument, PageSpan, PowerMinute, StateEvent } from '@hours/protocol'
import { createDetector, type DetectorState, type Sample, sealDelayMs, type Transition } from '@hours/sensing'
import { createMeter, type MeterState } from './meter.ts'

/** Counters over the life of the enrolment, ms; they never fall. */
export interface Counters {
  readonly onMs: number
  readonly runMs: number
}

/** All that one instrument's logbook must remember over a restart; plain JSON. */
export interface InstrumentState {
  readonly detector: DetectorState
  readonly meter: MeterState
  readonly counters: Counters
}

/** The logbook of one instrument: samples in, its part of each page out. */
export interface InstrumentLog {
  readonly settings: InstrumentSettings
  /** How long after a page's end its spans are final. */
  readonly sealDelayMs: number
  push(sample: Sample): readonly Transition[]
  /** A reading that was refused before it became a sample. */
  reject(at: number): void
  tick(now: number): readonly Transition[]
  /** This instrument's part of the page [from, to), and its minutes of power. `spans` empty when time is untrusted. */
  seal(bracket: { from: number; to: number; now: number; trusted: boolean }): {
    page: PageInstrument
    minutes: readonly PowerMinute[]
    grownMwh: number
  }
  /** Ends the evidence: what follows is a hole (the wall clock was stepped). */
  cut(): void
  current(): { state: StateEvent['state']; since: number; mw: number | null }
  lastSampleAt(): number | null
  checkpoint(): InstrumentState
}

export function createInstrumentLog(settings: InstrumentSettings, restored?: InstrumentState): InstrumentLog {
  const detector = createDetector(settings, restored?.detector)
  const meter = createMeter(restored?.meter)
  let counters: Counters = restored?.counters ?? { onMs: 0, runMs: 0 }
  /** Spans that a cut has made final ahead of their page. */
  let early: ReturnType<typeof detector.finish> = []
  let lastSampleAt = restored?.detector.last ?? null

  return {
    settings,
    sealDelayMs: sealDelayMs(settings),
    push(sample) {
      const { rejected, transitions } = detector.push(sample)
      if (rejected) meter.reject(sample.at)
      else {
        lastSampleAt = sample.at
        if (sample.powerMw !== undefined) meter.add(sample.at, sample.powerMw, settings.maxGapMs)
      }
      return transitions
    },
    reject: (at) => meter.reject(at),
    tick: (now) => detector.tick(now),
    seal({ from, to, now, trusted }) {
      const found = [...early, ...detector.spansUntil(to, Math.max(now, to + sealDelayMs(settings)))]
      early = early.filter((span) => span.to > to).map((span) => ({ ...span, from: Math.max(span.from, to) }))
      const spans = trusted ? relative(found, from, to) : []
      let { onMs, runMs } = counters
      for (const [state, a, b] of spans) {
        if (state !== 'off') onMs += b - a
        if (state === 'run') runMs += b - a
      }
      counters = { onMs, runMs }
      const taken = meter.take(from, to)
      const page: PageInstrument = {
        id: settings.id,
        spans,
        onMs,
        runMs,
        mwh: taken.mwh,
        ...(taken.mw ? { mw: taken.mw } : {}),
        samples: taken.samples,
        rejected: taken.rejected,
      }
      return { page, minutes: taken.minutes, grownMwh: taken.grownMwh }
    },
    cut: () => void (early = [...early, ...detector.finish()]),
    current: () => detector.current(),
    lastSampleAt: () => lastSampleAt,
    checkpoint: () => ({ detector: detector.checkpoint(), meter: meter.checkpoint(), counters }),
  }
}

/** Spans clipped to [from, to) and counted from `from`; ascending and disjoint as the page wants them. */
function relative(
  spans: readonly { state: PageSpan[0]; from: number; to: number }[],
  from: number,
  to: number,
): PageSpan[] {
  const out: PageSpan[] = []
  for (const span of spans) {
    const begin = Math.max(span.from, from) - from
    const end = Math.min(span.to, to) - from
    const last = out.at(-1)
    if (end <= begin || (last && begin < last[2])) continue
    if (last?.[0] === span.state && last[2] === begin) last[2] = end
    else out.push([span.state, begin, end])
  }
  return out
}
