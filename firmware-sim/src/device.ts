import { DAY, type KnownState, type Span } from '@hours/protocol'
import { type SimInstrument, stretchesOf, wattsAt } from './instrument.ts'
import type { Stretch } from './plan.ts'
import { chance, hash } from './random.ts'
import { type DeviceMessage, speak } from './speak.ts'

/** A device that samples every `sampleMs` and speaks; now and then its radio is silent for some minutes. */
export interface Device {
  readonly instrument: SimInstrument
  /** Messages with `at` in [from, to); to be asked for in order of time. */
  messages(from: number, to: number): DeviceMessage[]
  /** The same samples as numbers, for a source port that takes decoded readings. */
  samples(from: number, to: number): DeviceSample[]
  /** Ground truth of what has been emitted so far: emitted samples under left-hold with the nominal state
   * (records.md, section 4); what lies between two samples further apart than maxGap is unknown. */
  truth(from: number, to: number, maxGapMs: number): Span[]
  /** Every sample emitted so far with its nominal state: for a judge that takes some of them away. */
  emitted(): readonly { readonly at: number; readonly state: KnownState }[]
}

export interface DeviceSample {
  readonly at: number
  readonly watts: number
  /** Cumulative. */
  readonly wattHours: number
}

export interface DeviceOptions {
  readonly sampleMs: number
  /** Chance that the radio is silent in any given hour (for 2 to 20 minutes of it). */
  readonly silence: number
  /** Keep the emitted samples for `truth`; a demo that runs for weeks does not need them. */
  readonly keepTruth: boolean
}

export function createDevice(instrument: SimInstrument, options: DeviceOptions): Device {
  const { sampleMs } = options
  const name = `${instrument.site}/${instrument.id}`
  const phase = (hash(instrument.seed, name) % Math.max(1, Math.floor(sampleMs / 1_000))) * 1_000
  const emitted: { at: number; state: KnownState }[] = []
  let wattHours = hash(name, 'energy') % 900_000

  let planned:
    | { readonly from: number; readonly to: number; readonly stretches: readonly Stretch[] }
    | undefined
  let k = 0
  const isSilent = silences(instrument, name, options.silence)

  /** Planning looks at days on either side, so it is done for two days at once. */
  function planOf(from: number, to: number): readonly Stretch[] {
    if (!planned || from < planned.from || to > planned.to) {
      const begin = Math.floor(from / DAY) * DAY
      const end = Math.max(begin + 2 * DAY, to)
      planned = { from: begin, to: end, stretches: stretchesOf(instrument, begin, end) }
    }
    k = 0
    return planned.stretches
  }

  function samples(from: number, to: number): DeviceSample[] {
    const out: DeviceSample[] = []
    const stretches = planOf(from, to)
    for (let at = firstSample(from, sampleMs, phase); at < to; at += sampleMs) {
      while (k + 1 < stretches.length && (stretches[k] as { to: number }).to <= at) k++
      const now = stretches[k]
      if (!now || isSilent(at)) continue
      const watts = wattsAt(instrument, now.state, now.from, at)
      wattHours += (watts * sampleMs) / 3_600_000
      if (options.keepTruth) emitted.push({ at, state: now.state })
      out.push({ at, watts, wattHours })
    }
    return out
  }

  const messages = (from: number, to: number): DeviceMessage[] =>
    samples(from, to).map(({ at, watts, wattHours: wh }) => speak(instrument, at, watts, wh))

  return {
    instrument,
    messages,
    samples,
    truth: (from, to, maxGapMs) => leftHold(emitted, from, to, maxGapMs),
    emitted: () => emitted,
  }
}

const firstSample = (from: number, sampleMs: number, phase: number) =>
  Math.ceil((from - phase) / sampleMs) * sampleMs + phase

/** Whether the radio is silent at an instant; what is drawn of an hour is drawn once. */
function silences({ seed }: SimInstrument, name: string, probability: number): (at: number) => boolean {
  let hour = Number.NaN
  let begin = 0
  let end = 0
  return (at) => {
    if (probability <= 0) return false
    const now = Math.floor(at / 3_600_000)
    if (now !== hour) {
      hour = now
      begin = now * 3_600_000 + (hash(seed, name, 'begin', now) % 2_400_000)
      const length = 120_000 + (hash(seed, name, 'length', now) % 1_080_000)
      end = chance(seed, name, 'silence', now) < probability ? begin + length : begin
    }
    return at >= begin && at < end
  }
}

/** Samples under left-hold: the state of s1 holds on [s1, s2) if s2 - s1 <= maxGap, else that stretch is unknown. */
export function leftHold(
  samples: readonly { at: number; state: KnownState }[],
  from: number,
  to: number,
  maxGapMs: number,
): Span[] {
  const out: { state: Span['state']; from: number; to: number }[] = []
  const add = (state: Span['state'], a: number, b: number) => {
    const begin = Math.max(a, from)
    const end = Math.min(b, to)
    if (end <= begin) return
    const last = out.at(-1)
    if (last?.state === state && last.to === begin) last.to = end
    else out.push({ state, from: begin, to: end })
  }
  let cursor = from
  for (let i = 0; i + 1 < samples.length; i++) {
    const a = samples[i] as { at: number; state: KnownState }
    const b = samples[i + 1] as { at: number }
    if (b.at <= from) continue
    if (a.at >= to) break
    if (a.at > cursor) add('unknown', cursor, a.at)
    add(b.at - a.at <= maxGapMs ? a.state : 'unknown', a.at, b.at)
    cursor = b.at
  }
  add('unknown', cursor, to)
  return out
}
