import type { KnownState, State } from '@hours/protocol'
import {
  checkSettings,
  type DetectorSettings,
  type DetectorState,
  defaultPlausibleMw,
  emptyDetectorState,
  type KnownSpan,
  lowestCredibleMw,
  type RejectReason,
  type Stretch,
  sealDelayMs,
  type Transition,
} from './detector-state.ts'
import { SensingError } from './error.ts'
import { advanceFlag, cutFlag, flagNow, forceFlag, settledUntil, startFlag } from './flag.ts'
import { plainCopy } from './plain-copy.ts'
import type { Sample } from './reading.ts'

/** What became of one sample. A sample without power and contact is accepted and is no evidence of a state. */
export interface Pushed {
  readonly rejected?: RejectReason
  readonly transitions: readonly Transition[]
}

/**
 * Samples in, states out: a pure machine (no clock of its own) of records.md section 4. Feed samples in order of time;
 * ask for spans when a page is sealed. Any cutting into pages gives the spans that the whole would give.
 */
export interface Detector {
  push(sample: Sample): Pushed
  /** Time went on to `now` (Unix ms) without a sample: the live view turns unknown after maxGap of silence. */
  tick(now: number): readonly Transition[]
  /**
   * Takes the final known spans before `to`. Every sample up to `now` must have been pushed, and `now` must be at
   * least `to` + sealDelayMs (the default); throws SensingError `not_final` otherwise.
   */
  spansUntil(to: number, now?: number): KnownSpan[]
  /** Ends the evidence at the last sample, as a hole would, and takes all spans before `to`: the end of a recording. */
  finish(to?: number): KnownSpan[]
  /** The live view: state, since when, last power in mW. */
  current(): { readonly state: State; readonly since: number; readonly mw: number | null }
  counts(): { readonly samples: number; readonly rejected: Readonly<Partial<Record<RejectReason, number>>> }
  /** Plain JSON to restore from; a copy. */
  checkpoint(): DetectorState
}

const flags = ['powered', 'run', 'fault'] as const

/** Makes a detector; `restored` is what `checkpoint` gave. Throws SensingError `bad_settings`. */
export function createDetector(settings: DetectorSettings, restored?: DetectorState): Detector {
  checkSettings(settings)
  const { thresholds: level, dwellMs, maxGapMs } = settings
  const [lowest, highest] = settings.plausibleMw ?? defaultPlausibleMw
  const credible = lowestCredibleMw(level)
  const holding = {
    powered: { rise: dwellMs, fall: dwellMs },
    run: { rise: dwellMs, fall: settings.holdMs ?? dwellMs },
    fault: { rise: dwellMs, fall: dwellMs },
  }
  const s: DetectorState = restored ? plainCopy(restored) : emptyDetectorState()

  function verdict(sample: Sample): RejectReason | undefined {
    if (!Number.isSafeInteger(sample.at)) return 'bad_time'
    const mw = sample.powerMw
    if (mw !== undefined && !(mw >= lowest && mw <= highest)) return 'implausible'
    if (mw !== undefined && mw < credible) return 'negative_power'
    if (sample.at < s.horizon) return 'late'
    if (s.last !== null && sample.at === s.last) return 'duplicate_time'
    if (s.last !== null && sample.at < s.last) return 'out_of_order'
    return undefined
  }

  function push(sample: Sample): Pushed {
    if (sample.lost) return { transitions: lose(sample.at) }
    if (sample.powerMw === undefined && sample.contact === undefined) return { transitions: [] }
    const contactOnly = sample.powerMw === undefined && s.powerBased
    // Beside power, a contact speaks at the next power sample: power alone decides what is a hole.
    if (contactOnly) {
      s.contact = { ...s.contact, ...sample.contact }
      return { transitions: [] }
    }
    const rejected = verdict(sample)
    if (rejected) {
      s.rejected[rejected] = (s.rejected[rejected] ?? 0) + 1
      return { rejected, transitions: [] }
    }
    if (sample.contact) s.contact = { ...s.contact, ...sample.contact }
    if (sample.powerMw !== undefined) {
      s.powerBased = true
      s.mw = sample.powerMw
    }
    s.samples += 1
    observe(sample.at, sample.powerMw)
    return { transitions: live(sample.at, sample.powerMw === undefined ? 'contact' : 'power') }
  }

  /** Which conditions the sample meets, with hysteresis against the sample before. */
  function conditions(mw: number | undefined, before: Stretch | null) {
    const above = (was: boolean | undefined, start: number, stop: number) =>
      mw !== undefined && mw >= (was ? stop : start)
    const run = s.contact.run === true || above(before?.run.raw, level.runStartMw, level.runStopMw)
    const powered =
      run || s.contact.powered === true || above(before?.powered.raw, level.onStartMw, level.onStopMw)
    return { powered, run, fault: powered && s.contact.fault === true }
  }

  function observe(at: number, mw: number | undefined): void {
    if (s.stretch && s.last !== null && at - s.last > maxGapMs) close()
    const now = conditions(mw, s.stretch)
    if (s.stretch) for (const name of flags) advanceFlag(s.stretch[name], at, now[name], holding[name])
    else
      s.stretch = {
        powered: startFlag(at, now.powered),
        run: startFlag(at, now.run),
        fault: startFlag(at, now.fault),
        emitted: at,
      }
    s.last = at
    emit()
  }

  /** A hole follows the last sample: what waits stands as seen, everything up to that sample is final. */
  function close(): void {
    if (!s.stretch) return
    for (const name of flags) cutFlag(s.stretch[name])
    emit()
    s.stretch = null
  }

  /** Coverage ends at the last sample, whatever comes next (domain.md, section 4.4: unknown is never filled in). */
  function lose(at: number): Transition[] {
    if (!s.stretch || s.last === null || at < s.last) return []
    close()
    return s.live.state === 'unknown' ? [] : change('unknown', s.last, at, 'lost')
  }

  /** Turns settled changes of the three conditions into spans. */
  function emit(): void {
    const { stretch, last } = s
    if (!stretch || last === null) return
    // Asked with every sample, and hardly ever is there a change: no lists are made for it.
    let until = last
    for (const name of flags) until = Math.min(until, settledUntil(stretch[name], last))
    for (;;) {
      let next = Infinity
      for (const name of flags) next = Math.min(next, stretch[name].changes[0]?.[0] ?? Infinity)
      if (next > until) break
      append(stretch, next)
      for (const name of flags) {
        const change = stretch[name].changes[0]
        if (change?.[0] !== next) continue
        stretch[name].out = change[1]
        stretch[name].changes.shift()
      }
    }
    append(stretch, until)
  }

  function append(stretch: Stretch, to: number): void {
    if (to <= stretch.emitted) return
    const state = combined(stretch.powered.out, stretch.run.out, stretch.fault.out)
    const before = s.spans.at(-1)
    if (before?.to === stretch.emitted && before.state === state)
      s.spans[s.spans.length - 1] = { state, from: before.from, to }
    else s.spans.push({ state, from: stretch.emitted, to })
    stretch.emitted = to
  }

  function live(at: number, why: string): Transition[] {
    const { stretch } = s
    if (!stretch) return []
    const state = combined(flagNow(stretch.powered), flagNow(stretch.run), flagNow(stretch.fault))
    if (state === s.live.state) return []
    const fresh = s.live.state === 'unknown'
    const moved = flags.map((name) => stretch[name]).filter((flag) => flag.value === flag.raw)
    // Out of unknown the state began with the stretch's sample; else where the condition that turned last began.
    const since = fresh ? at : Math.max(s.live.since, ...moved.map((flag) => flag.since))
    return change(state, since, at, why)
  }

  function change(state: State, since: number, at: number, why: string): Transition[] {
    s.live = { state, since }
    return [{ state, since, at, why, ...(s.mw === null || state === 'unknown' ? {} : { mw: s.mw }) }]
  }

  function tick(now: number): Transition[] {
    if (s.last === null || s.live.state === 'unknown' || now - s.last <= maxGapMs) return []
    return change('unknown', s.last, now, 'silent')
  }

  function spansUntil(to: number, now = to + sealDelayMs(settings)): KnownSpan[] {
    if (now < to + sealDelayMs(settings))
      throw new SensingError(
        'not_final',
        `spans until ${to} are final at ${to + sealDelayMs(settings)}, not at ${now}`,
      )
    s.horizon = Math.max(s.horizon, to)
    if (s.stretch && s.last !== null && s.last < to) {
      s.horizon = Math.max(s.horizon, s.last + maxGapMs + 1)
      close()
    }
    if (s.stretch) {
      for (const name of flags) {
        const until = forceFlag(s.stretch[name], to, holding[name])
        if (until !== null) s.horizon = Math.max(s.horizon, until)
      }
      emit()
    }
    return take(to)
  }

  function take(to: number): KnownSpan[] {
    const taken: KnownSpan[] = []
    const kept: KnownSpan[] = []
    for (const span of s.spans) {
      if (span.from < to) taken.push(span.to <= to ? span : { ...span, to })
      if (span.to > to) kept.push(span.from >= to ? span : { ...span, from: to })
    }
    s.spans = kept
    return taken
  }

  return {
    push,
    tick,
    spansUntil,
    finish(to = Infinity) {
      close()
      return take(to)
    },
    current: () => ({ ...s.live, mw: s.mw }),
    counts: () => ({ samples: s.samples, rejected: { ...s.rejected } }),
    checkpoint: () => plainCopy(s),
  }
}

/** The highest rule that holds wins (domain.md, section 4.2). */
function combined(powered: boolean, run: boolean, fault: boolean): KnownState {
  if (!powered && !run) return 'off'
  if (fault) return 'fault'
  return run ? 'run' : 'standby'
}
