import type { DraftKind } from '../sessions/drafted.ts'
import type { ListedRecord } from '../sessions/record-list.ts'
import type { ApiContext } from './context.ts'
import type { CsvCell, CsvTable } from './csv.ts'

const hour = 3_600_000
const stamp = ['approvedBy', 'approvedAt', 'documentSha256']
const times = new Set(['from', 'to', 'at', 'receivedAt', 'reportedAt', 'approvedAt'])
/** Columns of each kind by the names that an import reads, so that what is exported can be imported again. */
const columns: Readonly<Record<DraftKind, readonly string[]>> = {
  session: [
    ...[
      'from',
      'to',
      'user',
      'beneficiary',
      'purpose',
      'way',
      'project',
      'samples',
      'validSamples',
      'shifts',
    ],
    ...['receivedAt', 'reportedAt', ...stamp],
  ],
  booking: ['from', 'to', 'user', 'beneficiary', 'purpose', 'cancelled'],
  maintenance: ['from', 'to', 'reason'],
  claim: ['from', 'to', 'onHours', 'runHours', 'effectiveHours', 'externalHours', 'source'],
  compute: ['from', 'to', 'user', 'beneficiary', 'coreHours', 'nodeHours', 'jobs', ...stamp],
  charge: ['at', 'session', 'yuan', 'payer', 'tariff'],
  voucher: ['at', 'session', 'yuan', 'payer', 'tariff'],
  subsidy: ['at', 'session', 'yuan', 'payer', 'tariff'],
  training: ['at', 'group', 'level', 'persons'],
  achievement: ['at', 'kind', 'level', 'count'],
  rating: ['at', 'session', 'score'],
}

/** Records as a sheet: times in the instrument's zone with their offset, hours and yuan as people write them. */
export function recordTable(
  kind: DraftKind,
  items: readonly ListedRecord[],
  { ingest }: ApiContext,
): CsvTable {
  const own = columns[kind]
  return {
    head: ['id', 'instrument', ...own, 'hash'],
    rows: tableRows(own, items, ingest),
  }
}

function* tableRows(
  columns: readonly string[],
  items: readonly ListedRecord[],
  ingest: ApiContext['ingest'],
): Generator<CsvCell[]> {
  for (const { key, hash, record } of items) {
    const { by, at, sha256 } = ('approval' in record && record.approval) || {}
    const stamped = { approvedBy: by, approvedAt: at, documentSha256: sha256 }
    const body = { ...record, ...stamped } as unknown as Readonly<Record<string, unknown>>
    const zone = ingest.registry.zone(record.stream as never)
    yield [record.id, key, ...columns.map((name) => cellOf(body, name, zone)), hash]
  }
}

function cellOf(body: Readonly<Record<string, unknown>>, name: string, zone: string): CsvCell {
  if (name.endsWith('Hours')) {
    const ms = body[`${name.slice(0, -'Hours'.length)}Ms`]
    return typeof ms === 'number' ? Number((ms / hour).toFixed(9)) : null
  }
  if (name === 'yuan') return typeof body['fen'] === 'number' ? body['fen'] / 100 : null
  const value = body[name]
  if (times.has(name)) return typeof value === 'number' ? timeIn(value, zone) : null
  if (typeof value === 'string' || typeof value === 'number') return value
  return typeof value === 'boolean' ? String(value) : null
}

const timeIn = (at: number, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toString({ timeZoneName: 'never' })
