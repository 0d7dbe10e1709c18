import { maxSealMs } from '@hours/protocol'
import type { Evidence, Refusal } from './calibration.ts'
import type { MeterPace } from './meter-pace.ts'
import type { PowerSeries } from './power-series.ts'

/** What is known of a recording before any level is sought. */
export function basics(series: PowerSeries, pace: MeterPace): Evidence {
  const rejected = [...series.rejected].map(([reason, count]) => ({ reason, count }))
  return {
    samples: series.length,
    dropped: rejected.reduce((sum, { count }) => sum + count, 0),
    rejected,
    intervalMs: pace.intervalMs,
    knownHours: pace.knownMs / 3_600_000,
    unknownHours: (pace.to - pace.from - pace.knownMs) / 3_600_000,
  }
}

/** Rows that say nothing about the file: a plug writes the same second twice, a meter says that it could not read. */
const harmless: ReadonlySet<string> = new Set(['no_reading', 'duplicate_time'])

/** Why nothing can be sought in it: unreadable, too slow or too short, or the meter is the wrong way round. */
export function unfitFor(
  series: PowerSeries,
  pace: MeterPace,
  { rejected, knownHours }: Evidence,
): Refusal | undefined {
  const bad = rejected.filter(({ reason }) => !harmless.has(reason))
  const lost = bad.reduce((sum, { count }) => sum + count, 0)
  if (lost > 0.2 * (lost + series.length))
    return {
      code: 'unreadable',
      reason: `${lost} of ${lost + series.length} rows could not be used (${bad.map(({ reason, count }) => `${reason} ${count}`).join(', ')}); check the columns, the time format and the order of the rows`,
    }
  if (series.length > 1 && 2 * pace.intervalMs > maxSealMs)
    return {
      code: 'too_slow',
      reason: `readings are ${(pace.intervalMs / 1_000).toFixed(0)} s apart: no state could be told within the ten minutes that a page waits; read at least every 300 s`,
    }
  const { count, meanW } = series.negative
  if (count > 0.02 * series.length && meanW < -0.01 * pace.topW)
    return {
      code: 'reversed',
      reason: `${((100 * count) / series.length).toFixed(0)} % of the readings are negative, ${meanW.toFixed(0)} W on average: the meter or its clamp is the wrong way round, or another machine feeds back`,
    }
  if (knownHours < 1)
    return {
      code: 'too_short',
      reason: `only ${(60 * knownHours).toFixed(0)} min are known; record at least an hour, better a week`,
    }
  return undefined
}
