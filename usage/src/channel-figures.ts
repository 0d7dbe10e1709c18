import type { RecordOf } from '@hours/protocol'
import { civilDays, dateStart, type Interval } from './calendar.ts'
import { type Rate, ratio } from './rates.ts'

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

/** A channel over a period, as figures have it (domain.md, D10). */
export interface ChannelPeriod {
  readonly channelAvail: Rate
  readonly infoComplete: number | null
}

/**
 * Of the scope `channel:ID`: out of the digests of the whole civil days of the period since the channel is known. What
 * was not probed is neither up nor down: the bounds take it for all down and all up, a day having as many probes as the fullest
 * one. Undefined = the scope is no channel.
 */
export function channelPeriod(
  scope: string,
  records: {
    readonly probes: readonly RecordOf<'probe'>[]
    readonly memberships: readonly Pick<RecordOf<'membership'>, 'channel' | 'from'>[]
  },
  { zone, from, to }: Interval & { readonly zone: string },
): ChannelPeriod | undefined {
  if (!scope.startsWith('channel:')) return undefined
  const id = scope.slice('channel:'.length)
  const isOwn = ({ channel }: { readonly channel: string }) => channel === id
  const all = records.probes.filter(isOwn)
  // Known by what it lists, or by being probed: before that there is nothing to be available.
  const listed = records.memberships.filter(isOwn).reduce((at, one) => Math.min(at, one.from), Infinity)
  const first = all.map(({ day }) => day).sort()[0]
  const firstDay = first === undefined ? Infinity : dateStart(zone, Temporal.PlainDate.from(first))
  const begin = Math.max(from, Math.min(listed, firstDay, to))
  const days = new Set(civilDays(zone, begin, to).flatMap((day) => (day.to <= to ? [day.label] : [])))
  const probes = all.filter(({ day }) => days.has(day))
  const { ok, probed, availability, completeness } = channelFigures(probes)
  const fullest = probes.reduce((most, one) => Math.max(most, one.probed), 0)
  const missed = Math.max(0, days.size * fullest - probed)
  return {
    channelAvail: {
      value: availability,
      lower: ratio(ok, probed + missed),
      upper: ratio(ok + missed, probed + missed),
      denominator: 'probed',
    },
    infoComplete: completeness,
  }
}
