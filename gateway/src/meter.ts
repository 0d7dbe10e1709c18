import type { MilliWatts, Millis, PowerMinute } from '@hours/protocol'
import { plainCopy } from '@hours/sensing'

/** Power and energy of one stretch of time, whatever its length; plain JSON for checkpoints. */
interface Bucket {
  min: number
  max: number
  sum: number
  samples: number
  /** Samples that said something else than power. */
  stated: number
  rejected: number
  /** Integral of power over time, mW x ms: exact in integers, divided only when it is stated. */
  mwMs: number
}

/** What a meter remembers; a copy goes into the checkpoint. */
export interface MeterState {
  last: { at: Millis; mw: MilliWatts } | null
  /** By minute, since the last page. */
  minutes: [number, Bucket][]
  /** Energy of the enrolment so far, mWh, and what is left over below one mWh (in mW x ms). */
  mwh: number
  restMwMs: number
}

export const emptyMeter = (): MeterState => ({ last: null, minutes: [], mwh: 0, restMwMs: 0 })

const MINUTE = 60_000
const mwMsPerMwh = 3_600_000

/** Sums samples into minutes as they come; energy is integrated under left-hold, across holes nothing is. */
export interface Meter {
  add(at: Millis, mw: MilliWatts, maxGapMs: Millis): void
  /** A sample without power, such as a contact's. */
  count(at: Millis): void
  reject(at: Millis): void
  /** Takes everything before `to` (a whole minute or a page's early end); minutes that ended before `from` are dropped. */
  take(from: Millis, to: Millis): MeterPage
  /** A hole follows: nothing is integrated across it. */
  cut(): void
  /** Time took another base: what was measured before says nothing about what comes. */
  reset(): void
  checkpoint(): MeterState
}

export interface MeterPage {
  /** min, mean, max over the page's samples, mW. */
  readonly mw: [number, number, number] | undefined
  readonly samples: number
  readonly rejected: number
  /** Cumulative at the page's end. */
  readonly mwh: number
  readonly grownMwh: number
  readonly minutes: readonly PowerMinute[]
}

export function createMeter(restored?: MeterState): Meter {
  const s = plainCopy(restored ?? emptyMeter())
  const minutes = new Map<number, Bucket>(s.minutes)
  const bucket = (minute: number): Bucket => {
    const known = minutes.get(minute)
    if (known) return known
    const fresh: Bucket = { min: 0, max: 0, sum: 0, samples: 0, stated: 0, rejected: 0, mwMs: 0 }
    minutes.set(minute, fresh)
    return fresh
  }

  return {
    add(at, mw, maxGapMs) {
      const { last } = s
      if (last && at <= last.at) return
      if (last && at - last.at <= maxGapMs)
        for (let from = last.at; from < at; ) {
          const to = Math.min(at, (Math.floor(from / MINUTE) + 1) * MINUTE)
          bucket(Math.floor(from / MINUTE)).mwMs += last.mw * (to - from)
          from = to
        }
      const here = bucket(Math.floor(at / MINUTE))
      // A minute that has energy but no sample yet has no least and no most either (and JSON has no infinity).
      here.min = here.samples === 0 ? mw : Math.min(here.min, mw)
      here.max = here.samples === 0 ? mw : Math.max(here.max, mw)
      here.sum += mw
      here.samples += 1
      s.last = { at, mw }
    },
    count: (at) => void (bucket(Math.floor(at / MINUTE)).stated += 1),
    reject: (at) => void (bucket(Math.floor(at / MINUTE)).rejected += 1),
    take(from, to) {
      let [min, max, sum, samples, stated, rejected, mwMs] = [Infinity, -Infinity, 0, 0, 0, 0, 0]
      const taken = new Map<number, Bucket>()
      for (const [minute, one] of minutes) {
        if (minute * MINUTE >= to) continue
        minutes.delete(minute)
        if ((minute + 1) * MINUTE <= from) continue
        taken.set(minute, one)
        if (one.samples > 0) {
          min = Math.min(min, one.min)
          max = Math.max(max, one.max)
        }
        sum += one.sum
        samples += one.samples
        stated += one.stated
        rejected += one.rejected
        mwMs += one.mwMs
      }
      // Fed-back energy never makes the counter fall.
      s.restMwMs += Math.max(0, mwMs)
      const grownMwh = Math.floor(s.restMwMs / mwMsPerMwh)
      s.restMwMs -= grownMwh * mwMsPerMwh
      s.mwh += grownMwh
      const first = Math.floor(from / MINUTE)
      const count = Math.max(0, Math.ceil(to / MINUTE) - first)
      return {
        mw: samples > 0 ? [min, Math.round(sum / samples), max] : undefined,
        samples: samples + stated,
        rejected,
        mwh: s.mwh,
        grownMwh,
        minutes: Array.from({ length: Math.min(count, 1_440) }, (_, i) => minuteOf(taken.get(first + i))),
      }
    },
    cut: () => void (s.last = null),
    reset() {
      s.last = null
      minutes.clear()
    },
    checkpoint: () => plainCopy({ ...s, minutes: [...minutes] }),
  }
}

const minuteOf = (one: Bucket | undefined): PowerMinute =>
  one && one.samples > 0 ? [one.min, Math.round(one.sum / one.samples), one.max] : null
