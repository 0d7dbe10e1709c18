import { createHash } from 'node:crypto'
import { defaultRuleSet, readRuleSet, type RuleSetDocument, ruleSetDocuments } from '@hours/usage'
import type { Registry } from '../ports.ts'

/** A version of a rule set: one that comes with the system, or a signed record of this installation. */
export interface KnownRuleSet {
  readonly document: RuleSetDocument
  /** SHA-256, base64url: of the record's bytes, or of a built-in document's JSON. Every figure names it. */
  readonly hash: string
  readonly from: 'built-in' | 'record'
}

/** How answers name the rule set of their figures. */
export const namedRuleSet = ({ document: { id, version }, hash }: KnownRuleSet) => ({ id, version, hash })

export const hashOfDocument = (document: unknown): string =>
  createHash('sha256').update(JSON.stringify(document)).digest('base64url')

const builtIn: readonly KnownRuleSet[] = ruleSetDocuments.flatMap((data) => {
  const read = readRuleSet(data)
  return read.ok ? [{ document: read.value, hash: hashOfDocument(data), from: 'built-in' as const }] : []
})

const fromRecords = new WeakMap<object, readonly KnownRuleSet[]>()

/** All versions of all rule sets, built-in ones first; a record whose body a later schema refuses is left out. */
export function ruleSets(registry: Registry): readonly KnownRuleSet[] {
  const records = registry.records('ruleset')
  const known = fromRecords.get(records)
  if (known) return known
  const logged = records.flatMap(({ record, hash }): KnownRuleSet[] => {
    const read = readRuleSet(record.body)
    return read.ok ? [{ document: read.value, hash, from: 'record' }] : []
  })
  const all = [...builtIn, ...logged]
  fromRecords.set(records, all)
  return all
}

/**
 * `id`, or `id@version`. Without a version: the one in force on the civil date `on` (the last to begin by then; of equal
 * dates the later record), or the earliest where none is in force yet. Without a name: the default one.
 */
export function findRuleSet(
  registry: Registry,
  name: string | undefined,
  on: string,
): KnownRuleSet | undefined {
  const [id = '', version] = (name ?? defaultRuleSet).split('@')
  const own = ruleSets(registry).filter(({ document }) => document.id === id)
  if (version !== undefined) return own.findLast(({ document }) => document.version === version)
  const dated = own.toSorted((a, b) =>
    a.document.from < b.document.from ? -1 : Number(a.document.from > b.document.from),
  )
  return dated.findLast(({ document }) => document.from <= on) ?? dated[0]
}
