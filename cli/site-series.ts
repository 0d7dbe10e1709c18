import { join } from 'node:path'
import {
  createEmbeddedSeries,
  createInfluxSeries,
  createSeriesOutbox,
  feedSeries,
  type InfluxOptions,
  type RunningIngest,
  type RunningOutbox,
  type SeriesFeed,
  type SeriesStore,
} from '@hours/ingest'
import type { Command } from 'commander'
import type { Logger } from 'pino'

/** Which store a command means; `serve`, `rebuild` and `reconcile` name it alike. */
export interface SeriesFlags {
  readonly influxUrl?: string
  readonly influxDatabase: string
}

/** Adds the options of `SeriesFlags`. */
export const withSeriesFlags = (command: Command): Command =>
  command
    .option(
      '--influx-url <url>',
      'InfluxDB 1.x, 2.x or 3 for the series; default an embedded store (token: INFLUX_TOKEN)',
    )
    .option('--influx-database <name>', 'its database or bucket, made where it is absent', 'hours')

/** How to reach InfluxDB where flags and environment name one. */
export function influxOf({ influxUrl, influxDatabase }: SeriesFlags): { influx?: InfluxOptions } {
  if (influxUrl === undefined) return {}
  const token = process.env['INFLUX_TOKEN']
  return { influx: { url: influxUrl, database: influxDatabase, ...(token ? { token } : {}) } }
}

/** The store of the site in `dir`: InfluxDB where one is named, else the embedded one. */
export const openSeriesStore = (dir: string, influx: InfluxOptions | undefined): SeriesStore =>
  influx ? createInfluxSeries(influx) : createEmbeddedSeries(embeddedPath(dir))

/** File of the embedded store. */
export const embeddedPath = (dir: string): string => join(dir, 'series.sqlite')

/** The series of one site: the store, what waits for it, and what feeds it. */
export interface SiteSeries {
  readonly store: SeriesStore
  readonly outbox: RunningOutbox
  /** Feeds the store from now on. */
  feed(): SeriesFeed
  close(): Promise<void>
}

/** Opens InfluxDB where one is named, else the embedded store in `dir`; ingest never waits for either. */
export function openSiteSeries(options: {
  readonly ingest: RunningIngest
  readonly dir: string
  readonly log: Logger
  readonly influx?: InfluxOptions
}): SiteSeries {
  const { ingest, dir, log, influx } = options
  const onError = (error: unknown) => log.error({ err: error }, 'series')
  const store = openSeriesStore(dir, influx)
  const outbox = createSeriesOutbox({ path: join(dir, 'outbox.sqlite'), store, clock: ingest.clock, onError })
  let feeding: SeriesFeed | undefined
  return {
    store,
    outbox,
    feed: () => (feeding ??= feedSeries({ ingest, outbox, onError })),
    async close() {
      await feeding?.close()
      await outbox.close()
      await store.close()
    },
  }
}
