import type { RecordOf } from '@hours/protocol'
import { ratio } from './rates.ts'

/** A channel's own availability and completeness (domain.md, D10 and 4.6); null = it was never probed. */
export interface ChannelFigures {
  readonly probed: number
  readonly ok: number
  /** ok / probed: what was not probed is unknown, neither up nor down. */
  readonly availability: number | null
  /** Mean over the days with a listing, weighted by probes. */
  readonly completeness: number | null
  readonly failures: ReadonlyMap<string, number>
}

export function channelFigures(probes: readonly RecordOf<'probe'>[]): ChannelFigures {
  // The last digest of a day stands; a repeated one counts once.
  const days = [...new Map(probes.map((one) => [`${one.channel} ${one.day}`, one])).values()]
  const failures = new Map<string, number>()
  let [probed, ok, filled, listed] = [0, 0, 0, 0]
  for (const day of days) {
    probed += day.probed
    ok += Math.min(day.ok, day.probed)
    if (day.completeness !== null) {
      filled += day.completeness * day.probed
      listed += day.probed
    }
    for (const { reason, count } of day.failures) failures.set(reason, (failures.get(reason) ?? 0) + count)
  }
  return { probed, ok, availability: ratio(ok, probed), completeness: ratio(filled, listed), failures }
}
