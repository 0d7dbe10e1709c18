import type { RecordOf } from '@hours/protocol'
import { countedParts, duplicateSessions, type SessionPartKind } from '@hours/usage'
import type { Registry } from '../ports.ts'
import type { RegistryWriter } from './registry.ts'

type Listed<K extends 'session' | SessionPartKind> = readonly { readonly record: RecordOf<K> }[]
type Kept = { readonly from: readonly unknown[]; readonly list: readonly unknown[] }

/** By the list that the registry has of a kind: it hands out the same one until a record changes it. */
const made = new WeakMap<object, Kept>()

function keptBy<T>(all: object, from: readonly unknown[], make: () => readonly T[]): readonly T[] {
  const known = made.get(all)
  if (known?.from.every((one, i) => one === from[i])) return known.list as readonly T[]
  const list = make()
  made.set(all, { from, list })
  return list
}

/**
 * The sessions that figures are made of: of confirmed duplicates the one with the lowest id stands (records.md, section
 * 8). The same list until a record changes it.
 */
export function countedSessions(registry: Pick<Registry, 'records'>): Listed<'session'> {
  const all = registry.records('session')
  const pairs = registry.records('same-as')
  if (pairs.length === 0) return all
  return keptBy(all, [pairs], () => {
    const isDuplicate = duplicateSessions(pairs.map(({ record }) => record))
    return all.filter(({ record }) => !isDuplicate(record))
  })
}

/** Money and ratings that figures are made of: those of sessions that stand, and of duplicates only those of one. */
export function countedPartsOf<K extends SessionPartKind>(
  registry: Pick<RegistryWriter, 'records' | 'voided'>,
  kind: K,
): Listed<K> {
  const all = registry.records(kind) as Listed<SessionPartKind>
  const sessions = registry.records('session')
  const voided = registry.voided('session')
  const pairs = registry.records('same-as')
  const counted = keptBy(all, [sessions, voided, pairs], () => {
    const of = { sessions: recordsOf(sessions), voided: recordsOf(voided), pairs: recordsOf(pairs) }
    return countedParts(recordsOf(all), of).map((record) => ({ record }))
  })
  return counted as Listed<K>
}

const recordsOf = <T>(list: readonly { readonly record: T }[]): readonly T[] =>
  list.map(({ record }) => record)
