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
import type { Logger } from 'pino'

/** The series of one site: the store, what waits for it, and what feeds it. */
export interface SiteSeries {
  readonly store: SeriesStore
  readonly outbox: RunningOutbox
  /** Feeds the store from now on; the feed's `commit` goes between broker and ingest. */
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
  const store = influx ? createInfluxSeries(influx) : createEmbeddedSeries(join(dir, 'series.sqlite'))
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
