import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { RunningIngest } from '@hours/ingest'
import { type GatewayId, instrumentKey, type InstrumentId, type Millis } from '@hours/protocol'
import { site } from '../../ingest/src/ingest.fixture.ts'

/** Everything a release must go on saying of data that an older one wrote. */
export interface SiteFigures {
  readonly logs: readonly { readonly year: number; readonly size: number; readonly root: string }[]
  readonly instruments: readonly {
    readonly id: string
    readonly spans: readonly (readonly [string, Millis, Millis])[]
    readonly days: readonly object[]
  }[]
  readonly gateways: readonly object[]
  readonly refused: readonly (readonly [string | null, string])[]
  readonly records: Readonly<Record<string, number>>
}

const recordKinds = ['organisation', 'key', 'epoch', 'enrolment', 'session', 'booking'] as const

export function siteFigures(
  ingest: RunningIngest,
  of: { instruments: readonly string[]; gateways: readonly string[]; from: Millis; to: Millis },
): SiteFigures {
  const { index, log, registry, quarantine } = ingest
  return {
    logs: log.years().map((year) => ({ year, size: log.size(year), root: log.root(year) })),
    instruments: of.instruments.map((id) => {
      const key = instrumentKey(site, id as InstrumentId)
      return {
        id,
        spans: index.spans(key, of.from, of.to).map(({ state, from, to }) => [state, from, to] as const),
        days: index.days([key], of.from, of.to),
      }
    }),
    gateways: of.gateways.map((id) => ({ id, ...index.gatewayCounts(id as GatewayId) })),
    refused: quarantine.list(50).map(({ gateway, code }) => [gateway, code] as const),
    records: Object.fromEntries(recordKinds.map((kind) => [kind, registry.records(kind).length])),
  }
}

/** `PRAGMA user_version` of a store of the data folder. */
export function schemaOf(dataDir: string, store: 'index' | 'operations', next?: number): number {
  const db = new DatabaseSync(join(dataDir, `${store}.sqlite`))
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (next !== undefined) db.exec(`PRAGMA user_version = ${next}`)
  db.close()
  return version
}
