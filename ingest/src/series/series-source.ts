import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock, InstrumentKey, Millis } from '@hours/protocol'
import { openLogReader } from '../log/log-reader.ts'
import { openIndex } from '../open-index.ts'
import { createPowerStore } from '../power-store.ts'
import type { Position, UntoldDays } from '../ports.ts'
import type { SeriesSource } from './expected-series.ts'

/** What points are made from, read from the files of a site while no ingest need run on them. */
export interface SiteSource extends SeriesSource {
  readonly latest: (key: InstrumentKey) => Millis
  readonly untold: UntoldDays
  close(): Promise<void>
}

/** Opens log and power of `dataDir` and the index at `indexPath`, which may be another than the site's own. */
export function openSiteSource(dataDir: string, indexPath: string, clock: Clock): SiteSource {
  const reader = openLogReader(join(dataDir, 'log'))
  const opened = openIndex({ path: indexPath, clock })
  const { index, registry, tables, untold } = opened
  const operations = join(dataDir, 'operations.sqlite')
  const db = existsSync(operations) ? new DatabaseSync(operations, { readOnly: true }) : undefined
  return {
    clock,
    index,
    registry,
    untold,
    power: db ? createPowerStore(db, clock) : { put: () => undefined, read: () => [] },
    log: { entry: (position) => entryAt(reader, position) },
    latest: (key) => tables.instruments.find(key)?.latest ?? 0,
    async close() {
      await opened.close()
      db?.close()
    },
  }
}

function entryAt(reader: ReturnType<typeof openLogReader>, { year, index }: Position): Uint8Array {
  for (const { bytes } of reader.entries({ year, index: index - 1 })) return bytes
  throw new RangeError(`the log has no entry ${year}/${index}`)
}
