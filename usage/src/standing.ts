import { checkSchema, type RecordKind, type RecordOf, recordSchemas } from '@hours/protocol'
import { duplicateSessions } from './duplicates.ts'
import { countedParts, isSessionPart, type SessionPartKind } from './session-parts.ts'

/** A record of the log with the hash of its bytes. */
export interface LoggedRecord<K extends RecordKind = RecordKind> {
  readonly kind: K
  readonly hash: string
  readonly record: RecordOf<K>
}

/** The correction that decides of a record, by the record's hash. */
export type DecidingCorrections = ReadonlyMap<string, RecordOf<'correction'>>

/** A correction counts only with an approval by another person than its actor (records.md, section 2). */
export const isApproved = (
  { actor }: Pick<RecordOf<'correction'>, 'actor'>,
  approvals: readonly Pick<RecordOf<'approval'>, 'by'>[],
): boolean => approvals.some(({ by }) => by !== actor)

/** Of the corrections of each record that count the last one in log order decides; both lists as they were logged. */
export function decidingCorrections(
  corrections: readonly LoggedRecord<'correction'>[],
  approvals: readonly LoggedRecord<'approval'>[],
): DecidingCorrections {
  const byTarget = Map.groupBy(
    approvals.map(({ record }) => record),
    ({ of }): string => of,
  )
  const counting = once(corrections).filter(({ hash, record }) =>
    isApproved(record, byTarget.get(hash) ?? []),
  )
  return new Map(counting.map(({ record }) => [record.of, record]))
}

/**
 * What stands of a list of records: voided ones are gone, replaced ones have their new body under the number they were
 * logged with, bookings that were told anew in time make way, and one that comes twice counts once. A replacement that its schema refuses changes nothing.
 */
export function corrected<T extends LoggedRecord>(
  logged: readonly T[],
  deciding: DecidingCorrections,
): readonly T[] {
  const all = once(logged)
  const standing = all.flatMap((one) => {
    const correction = deciding.get(one.hash)
    if (!correction) return [one]
    return correction.void === true ? [] : [replaced(one, correction.replacement)]
  })
  return newest(standing, all)
}

/** Of a booking that its channel told anew before it began (`replaces`) the record that stands last. */
function newest<T extends LoggedRecord>(standing: readonly T[], logged: readonly T[]): readonly T[] {
  const before = new Map(logged.flatMap((one) => toldBefore(one)))
  if (before.size === 0) return standing
  const gone = new Set<string>()
  for (const { hash } of standing)
    for (let at = before.get(hash); at !== undefined && !gone.has(at); at = before.get(at)) gone.add(at)
  return standing.filter(({ hash }) => !gone.has(hash))
}

const toldBefore = ({ hash, record }: LoggedRecord): [string, string][] =>
  'replaces' in record && typeof record.replaces === 'string' ? [[hash, record.replaces]] : []

/** The records that corrections have taken back, as they were logged. */
export const voided = <T extends LoggedRecord>(
  logged: readonly T[],
  deciding: DecidingCorrections,
): readonly T[] => logged.filter(({ hash }) => deciding.get(hash)?.void === true)

/**
 * What stands of a log's records, by kind: after the corrections that count, of sessions that are confirmed duplicates only
 * the one with the lowest id, and of money and ratings only those whose session stands. `logged` in log order.
 */
export function standing(
  logged: readonly LoggedRecord[],
): <K extends RecordKind>(kind: K) => readonly RecordOf<K>[] {
  const kinds = Map.groupBy(logged, ({ kind }) => kind)
  const of = <K extends RecordKind>(kind: K) => (kinds.get(kind) ?? []) as unknown as LoggedRecord<K>[]
  const deciding = decidingCorrections(of('correction'), of('approval'))
  const records = <K extends RecordKind>(kind: K) => corrected(of(kind), deciding).map(({ record }) => record)
  const isDuplicate = duplicateSessions(records('same-as'))
  const parts = (kind: SessionPartKind) =>
    countedParts<RecordOf<SessionPartKind>>(records(kind), {
      sessions: records('session'),
      voided: voided(of('session'), deciding).map(({ record }) => record),
      pairs: records('same-as'),
    })
  return <K extends RecordKind>(kind: K) => {
    if (kind === 'session') return records(kind).filter((one) => !isDuplicate(one as RecordOf<'session'>))
    return isSessionPart(kind) ? (parts(kind) as unknown as readonly RecordOf<K>[]) : records(kind)
  }
}

function once<T extends LoggedRecord>(logged: readonly T[]): readonly T[] {
  const seen = new Set<string>()
  return logged.filter(({ hash }) => !seen.has(hash) && seen.add(hash))
}

function replaced<T extends LoggedRecord>(one: T, replacement: unknown): T {
  if (typeof replacement !== 'object' || replacement === null) return one
  const { v, stream, seq, prev } = one.record as Partial<Record<string, unknown>>
  const checked = checkSchema(recordSchemas[one.kind], { ...replacement, v, stream, seq, prev })
  return checked.ok ? { ...one, record: checked.value } : one
}
