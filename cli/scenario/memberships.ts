import { chance, type SimInstrument } from '@hours/firmware-sim'
import { recordItem, type RecordItem } from '@hours/ingest'
import type { ChannelFleet } from './fleet.ts'
import type { SurveyChannel } from './survey.ts'

/** Whether a channel that lists some instruments of others lists this one. */
export const isListed = ({ id, lists }: SurveyChannel, { site, id: instrument }: SimInstrument): boolean =>
  lists === 'everything' || (lists === 'some' && chance(id, site, instrument) < 0.2)

/**
 * What each channel carries from `from` on, as records: whoever owns instruments carries its organisations, the province
 * everything below it, and the others one by one what they list.
 */
export function membershipRecords(
  channels: readonly SurveyChannel[],
  parts: readonly ChannelFleet[],
  from: number,
): RecordItem[] {
  const listed = (channel: SurveyChannel) =>
    parts.flatMap(({ instruments }) =>
      instruments
        .filter((one) => isListed(channel, one))
        .map(({ site, id }) => ({ instrument: `${site}/${id}` })),
    )
  return channels.flatMap((channel) => {
    const own = parts.find((part) => part.channel.id === channel.id)
    const owners = channel.lists === 'everything' ? ['guangdong'] : own?.owners
    const carried = owners ? owners.map((organisation) => ({ organisation })) : listed(channel)
    return carried.map((what) =>
      recordItem('membership', 'installation', { channel: channel.id, ...what, from, actor: 'scenario' }),
    )
  })
}
