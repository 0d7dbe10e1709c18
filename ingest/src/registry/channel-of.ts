import { type ChannelPeriod, channelPeriod, type Interval } from '@hours/usage'
import type { Registry } from '../ports.ts'

/** The figures of a channel where the scope is one, from the records as they stand. */
export const channelOf = (
  registry: Pick<Registry, 'records'>,
  scope: string,
  time: Interval & { readonly zone: string },
): ChannelPeriod | undefined =>
  channelPeriod(
    scope,
    {
      probes: registry.records('probe').map(({ record }) => record),
      memberships: registry.records('membership').map(({ record }) => record),
    },
    time,
  )
