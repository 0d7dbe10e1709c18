import { type ChannelId, type Clock, DAY, every, type RecordOf } from '@hours/protocol'
import { civilDays, type ChannelFigures, channelFigures, dayAt, dayStart } from '@hours/usage'
import type { Logger } from 'pino'
import type { Ingest } from '../ports.ts'
import type { ChannelSettings, ChannelsFile } from './channel-settings.ts'
import { type Incident, incidentChanges, standingIncidents } from './incidents.ts'
import { probeDigest } from './probe-digest.ts'
import { probePage } from './probe-page.ts'
import type { ProbeResult } from './probe-result.ts'
import type { ProbeStore } from './probe-store.ts'

export interface MonitorOptions {
  /** All of it, not what one caller may see. */
  readonly ingest: Pick<Ingest, 'record' | 'registry'>
  readonly clock: Clock
  readonly settings: ChannelsFile
  readonly store: ProbeStore
  readonly log: Logger
  readonly stopwatch?: () => number
  /** PEM of authorities to believe instead of the system's. */
  readonly ca?: string
}

/** Figures of a channel with what is known of today, which no digest in the log has yet. */
export interface ChannelStanding extends ChannelFigures {
  readonly latencyMs: { readonly p50: number; readonly p95: number } | null
  /** The newest result of each page that was ever probed. */
  readonly pages: readonly { readonly id: string; readonly last: ProbeResult | undefined }[]
}

/** Looks at booking pages and feeds, and writes what it found: incidents at once, one digest a channel a day. */
export interface ChannelMonitor {
  readonly channels: readonly ChannelSettings[]
  /** One look at every page of a channel; resolves when records that follow from it are in the log. */
  probe(id: string): Promise<void>
  standing(id: string): ChannelStanding
  /** With and without an end, oldest first. */
  incidents(id: string): readonly Incident[]
  /** Ends the schedule and waits for what is under way. */
  close(): Promise<void>
}

/** Results of single probes are kept so long; digests and incidents for ever. */
const keepMs = 62 * DAY
const reach = 200

/** Probes by the schedule of the settings on `clock`, a channel never twice at a time. */
export function createChannelMonitor(options: MonitorOptions): ChannelMonitor {
  const { ingest, clock, settings, store, log } = options
  const stopwatch = options.stopwatch ?? (() => performance.now())
  const probing = { clock, stopwatch, ...(options.ca === undefined ? {} : { ca: options.ca }) }
  const underway = new Map<string, Promise<void>>()
  const byId = new Map<string, ChannelSettings>(settings.channels.map((one) => [one.id, one]))
  const stops = settings.channels.map((channel) =>
    every(clock, channel.everyMs, () => void once(channel).catch(onError)),
  )
  const onError = (err: unknown) => log.error({ err }, 'channels')

  function once(channel: ChannelSettings): Promise<void> {
    const running = underway.get(channel.id)
    if (running) return running
    const run = look(channel).finally(() => underway.delete(channel.id))
    underway.set(channel.id, run)
    return run
  }

  async function look(channel: ChannelSettings): Promise<void> {
    await digests(channel)
    const results = await Promise.all(channel.pages.map((page) => probePage(channel, page, probing)))
    if (results.some(isOutOfReach) && !(await referenceIsThere(channel))) {
      log.warn({ channel: channel.id }, 'the reference page cannot be reached either: nothing is said')
      return
    }
    for (const result of results) store.put(channel.id, result)
    store.forget(clock.wall() - keepMs)
    for (const page of channel.pages) {
      const open = incidents(channel.id).filter(({ to }) => to === undefined)
      const changes = incidentChanges({
        ...{ channel, page, open },
        recent: store.recent(channel.id, page.id, reach),
      })
      for (const body of changes) await ingest.record('incident', 'installation', body)
    }
  }

  /** Whether it is the network of this machine that fails: a page that is always there says so. */
  async function referenceIsThere(channel: ChannelSettings): Promise<boolean> {
    if (settings.reference === undefined) return true
    const page = { id: 'reference', url: settings.reference, kind: 'html' as const }
    return !isOutOfReach(await probePage(channel, page, probing))
  }

  /** Digests of the days that are over and have none; a day that was not probed gets none and stays unknown. */
  async function digests({ id, zone }: ChannelSettings): Promise<void> {
    const oldest = store.oldest(id)
    if (oldest === undefined) return
    const today = dayStart(zone, dayAt(zone, clock.wall()))
    const known = new Set(probes(id).map(({ day }) => day))
    for (const day of civilDays(zone, oldest, today)) {
      if (known.has(day.label) || day.to > today) continue
      const body = probeDigest(id, day.label, store.between(id, day.from, day.to))
      if (body) await ingest.record('probe', 'installation', body)
    }
  }

  const probes = (id: string): RecordOf<'probe'>[] =>
    ingest.registry.records('probe').flatMap(({ record }) => (record.channel === id ? record : []))
  const incidents = (id: string): Incident[] =>
    standingIncidents(
      ingest.registry
        .records('incident')
        .flatMap(({ record }) => (record.channel === id && record.instrument === undefined ? record : [])),
    )

  function standing(id: string): ChannelStanding {
    const channel = byId.get(id)
    const all = probes(id)
    if (!channel) return { ...channelFigures(all), latencyMs: all.at(-1)?.latencyMs ?? null, pages: [] }
    const known = new Set(all.map(({ day }) => day))
    const { zone } = channel
    const now = clock.wall()
    const open = civilDays(zone, Math.max(store.oldest(channel.id) ?? now, now - keepMs), now + 1)
      .filter(({ label }) => !known.has(label))
      .flatMap((day) => digestOf(channel.id, day.label, store.between(channel.id, day.from, day.to)))
    const days = [...all, ...open]
    return {
      ...channelFigures(days),
      latencyMs: days.at(-1)?.latencyMs ?? null,
      pages: channel.pages.map((page) => ({
        id: page.id,
        last: store.recent(channel.id, page.id, 1).at(-1),
      })),
    }
  }

  return {
    channels: settings.channels,
    async probe(id) {
      const channel = byId.get(id)
      if (channel) await once(channel)
    },
    standing,
    incidents,
    async close() {
      for (const stop of stops) stop()
      await Promise.allSettled(underway.values())
      store.close()
    },
  }
}

const outside = new Set(['name_unknown', 'unreachable', 'timeout', 'refused'])
const isOutOfReach = ({ faults }: ProbeResult) => faults.some(({ reason }) => outside.has(reason))

/** As if the day were over; never written. */
function digestOf(id: ChannelId, day: string, results: readonly ProbeResult[]): RecordOf<'probe'>[] {
  const body = probeDigest(id, day, results)
  return body ? [{ v: 1, stream: 'installation', seq: 0, prev: null, ...body }] : []
}
