import { join } from 'node:path'
import { type Clock, systemClock } from '@hours/protocol'
import { lockWriter } from '../log/writer-lock.ts'
import type { SeriesStore } from './series-ports.ts'
import { rebuildSeries } from './rebuild-series.ts'
import { createSeriesOutbox } from './series-outbox.ts'
import { openSiteSource } from './series-source.ts'

/** What a rebuild of the series brought, and what the server refused for ever. */
export interface RebuiltSeries {
  readonly points: number
  readonly quarantined: number
}

/**
 * Makes the series again from index, log and operations of a site whose ingest is stopped. Goes through the site's
 * outbox, behind what waits there, so that nothing older overwrites it later. Throws `locked` while an ingest runs, a
 * SeriesError when the store does not take it: what was not brought then waits for the next start.
 */
export async function rebuildSiteSeries(
  dataDir: string,
  options: {
    readonly store: SeriesStore
    readonly clock?: Clock
    readonly onProgress?: (done: number, total: number) => void
  },
): Promise<RebuiltSeries> {
  const { store, clock = systemClock, onProgress } = options
  const unlock = lockWriter(join(dataDir, 'log'))
  try {
    const source = openSiteSource(dataDir, join(dataDir, 'index.sqlite'), clock)
    const outbox = createSeriesOutbox({ path: join(dataDir, 'outbox.sqlite'), store, clock, rest: 0 })
    try {
      // Makes the database where there is none, before it is looked into.
      await store.write([])
      outbox.retryQuarantined()
      const points = await rebuildSeries(source, { outbox, store, ...(onProgress ? { onProgress } : {}) })
      outbox.rebuilt()
      source.untold.clear(source.untold.newestMark())
      return { points, quarantined: outbox.state().quarantined }
    } finally {
      await outbox.close()
      await source.close()
    }
  } finally {
    unlock()
  }
}
