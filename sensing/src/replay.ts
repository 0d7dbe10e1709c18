import { noDurations, type Span, type State, type StateDurations } from '@hours/protocol'
import { createDayCutter } from './day-cutter.ts'
import { createDetector } from './detector.ts'
import { type DetectorSettings, type KnownSpan, sealDelayMs } from './detector-state.ts'
import type { Sample } from './reading.ts'

/** What `hours replay --json` prints: times Unix ms, durations ms. */
export interface Replay {
  readonly period: readonly [from: number, to: number]
  readonly states: StateDurations
  readonly runs: readonly { readonly from: number; readonly to: number }[]
  readonly days: readonly { readonly date: string; readonly states: StateDurations }[]
  readonly rejected: readonly { readonly reason: string; readonly count: number }[]
}

export interface Replayer {
  push(sample: Sample): void
  /** A row that gave no sample, by reason. */
  reject(reason: string): void
  /** The figures; undefined when no sample was accepted. */
  end(): Replay | undefined
}

export interface ReplayOptions {
  /** IANA zone whose civil days are reported. */
  readonly zone: string
  /** Told every span, unknown ones included, in order; for pictures. */
  readonly onSpan?: (span: Span) => void
  readonly pageMs?: number
}

/**
 * Recorded samples through the detector, cut into pages and sealed on the recording's own clock exactly as a gateway
 * does; then added up by civil day. A hole longer than maxGap ends a run.
 */
export function createReplayer(settings: DetectorSettings, options: ReplayOptions): Replayer {
  const detector = createDetector(settings)
  const pageMs = options.pageMs ?? 300_000
  const delay = sealDelayMs(settings)
  const figures = createFigures(options)
  const rejected = new Map<string, number>()
  let first: number | undefined
  let last = 0
  let pageTo = 0

  function seal(now: number): void {
    if (pageTo + delay >= now) return
    // One long hole is one seal: nothing can begin in it.
    const pages = Math.floor((now - delay - 1 - pageTo) / pageMs)
    figures.add(detector.spansUntil(pageTo))
    if (pages > 0) figures.add(detector.spansUntil(pageTo + pages * pageMs))
    pageTo += (pages + 1) * pageMs
  }

  const reject = (reason: string) => void rejected.set(reason, (rejected.get(reason) ?? 0) + 1)

  function feed(sample: Sample): void {
    if (first !== undefined) seal(sample.at)
    if (detector.push(sample).rejected) return
    if (sample.powerMw === undefined && sample.contact === undefined) return
    if (first === undefined) {
      first = sample.at
      pageTo = (Math.floor(first / pageMs) + 1) * pageMs
      figures.begin(first)
    }
    last = sample.at
  }

  let held: Sample | undefined
  return {
    push(sample) {
      // One row far ahead of both its neighbours is a clock glitch; without this it would make all that follow late.
      const jumped = held && first !== undefined && held.at - last > settings.maxGapMs
      if (held && jumped && sample.at < held.at && sample.at > last) reject('time_jump')
      else if (held) feed(held)
      held = sample
    },
    reject,
    end() {
      if (held) feed(held)
      if (first === undefined) return undefined
      figures.add(detector.finish())
      for (const [reason, count] of Object.entries(detector.counts().rejected))
        rejected.set(reason, (rejected.get(reason) ?? 0) + count)
      return {
        period: [first, last],
        ...figures.end(last),
        rejected: [...rejected].map(([reason, count]) => ({ reason, count })),
      }
    },
  }
}

/** Adds spans up by state, day and run; what they leave out is unknown. */
function createFigures(options: ReplayOptions) {
  const dayOf = createDayCutter(options.zone)
  const states = noDurations()
  const days = new Map<string, StateDurations>()
  const runs: { from: number; to: number }[] = []
  let at = 0
  let open: Span | undefined

  function book(state: State, to: number): void {
    if (to <= at) return
    if (open?.state === state) open = { ...open, to }
    else {
      if (open) options.onSpan?.(open)
      open = { state, from: at, to }
    }
    const run = runs.at(-1)
    if (state === 'run' && run?.to === at) run.to = to
    else if (state === 'run') runs.push({ from: at, to })
    states[state] += to - at
    while (at < to) {
      const day = dayOf(at)
      const end = Math.min(day.to, to)
      const sums = days.get(day.date) ?? noDurations()
      sums[state] += end - at
      days.set(day.date, sums)
      at = end
    }
  }

  return {
    begin: (from: number) => void (at = from),
    add(spans: readonly KnownSpan[]) {
      for (const span of spans) {
        book('unknown', span.from)
        book(span.state, span.to)
      }
    },
    end(to: number) {
      book('unknown', to)
      if (open) options.onSpan?.(open)
      return { states, runs, days: [...days].map(([date, sums]) => ({ date, states: sums })) }
    },
  }
}
