import { join } from 'node:path'
import {
  type ChannelMonitor,
  type ChannelsFile,
  createChannelMonitor,
  openProbeStore,
  readChannelsFile,
  type RunningIngest,
} from '@hours/ingest'
import type { Clock } from '@hours/protocol'
import type { Logger } from 'pino'

/**
 * Probes of booking pages and feeds as `<dir>/channels.json` (or `settings`) has them; without any the monitor only
 * tells what the log has. Throws what of the file cannot be read.
 */
export const openSiteChannels = (options: {
  readonly ingest: RunningIngest
  readonly clock: Clock
  readonly dir: string
  readonly log: Logger
  readonly settings?: ChannelsFile
}): ChannelMonitor => {
  const { ingest, clock, dir, log } = options
  const settings = options.settings ?? readChannelsFile(join(dir, 'channels.json'))
  const store = openProbeStore(join(dir, 'probes.sqlite'))
  return createChannelMonitor({ ingest, clock, settings, store, log })
}
