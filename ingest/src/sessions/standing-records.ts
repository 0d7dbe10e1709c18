import type { SiteId } from '@hours/protocol'
import { isApproved } from '@hours/usage'
import type { Registry } from '../ports.ts'
import { createDepth, type Depth } from './depth.ts'
import type { DraftBody, DraftItem, DraftKind } from './drafted.ts'
import { createTimeIndex, type Lasting, type TimeIndex } from './time-index.ts'

/** More than these need nobody to be told. */
const maxOverlaps = 9

/** So few overlap an interval that it is quicker to look at each than to count them by the instant. */
const few = 64

/** A record that is there already: logged (with its hash), or earlier in the same batch (without). */
export interface Standing {
  readonly stream: string
  readonly body: DraftBody
  readonly hash: string | null
}

/** What is there of one kind, found by id, by the id of a channel, and by time. */
export interface StandingRecords {
  /** The record that `item` repeats: same id, or one external id in common. */
  find(item: DraftItem): Standing | undefined
  /** A few records of the same instrument that share an instant with it. */
  overlapping(item: DraftItem): readonly Standing[]
  /** How many of the same instrument there are at the fullest instant of it; below `enough` it may say 0. */
  atOnce(item: DraftItem, enough: number): number
  /** Whether somebody took this record back, approved by another person: a file does not bring it back. */
  isVoided(item: DraftItem): boolean
  /** A correction of `hash` to exactly `body` that waits for its approval. */
  proposed(hash: string, body: DraftBody): boolean
  /** Counts a correction that this batch proposes. */
  propose(hash: string, body: DraftBody): void
  /** Counts what this batch adds, so that its later rows see it. */
  add(item: DraftItem): void
}

interface Found {
  readonly byId: Map<string, Standing>
  readonly byInstrument: Map<string, TimeIndex<Lasting & { readonly one: Standing }>>
}

const cache = new WeakMap<object, Found>()

const idsOf = ({ stream, body }: { stream: string; body: DraftBody }): string[] => [
  `${stream} id ${body.id}`,
  ...(body.externalIds ?? []).map(({ channel, id }) => `${stream} ${channel}/${id}`),
]

/** The standing records of `kind`; the registry's list is the same object until a record changes it. */
export function standingRecords(registry: Registry, kind: DraftKind): StandingRecords {
  const logged = foundIn(registry, kind)
  const batch: Found = { byId: new Map(), byInstrument: new Map() }
  let voided: ReadonlySet<string> | undefined
  let open: Set<string> | undefined
  /** Only of instruments where so many overlap that they have to be counted by the instant. */
  const depths = new Map<string, Depth>()
  const proposals = () => (open ??= openProposals(registry))
  return {
    find(item) {
      for (const id of idsOf(item)) {
        const known = batch.byId.get(id) ?? logged.byId.get(id)
        if (known) return known
      }
      return undefined
    },
    overlapping: (item) => [...overlapsIn(logged, item), ...overlapsIn(batch, item)],
    atOnce(item, enough) {
      const span = spanOf(item)
      if (!span) return 0
      const key = keyOf(item)
      const found = (limit: number, of: Lasting) =>
        [logged, batch].flatMap(({ byInstrument }) => byInstrument.get(key)?.overlapping(of, limit) ?? [])
      const depth = depths.get(key)
      if (!depth && found(few, span).length < Math.min(few, enough)) return 0
      const made = depth ?? createDepth(found(Infinity, { from: -Infinity, to: Infinity }).filter(lasts))
      depths.set(key, made)
      return made.most(span, enough)
    },
    isVoided(item) {
      voided ??= voidedIds(registry, kind)
      return idsOf(item).some((id) => voided?.has(id))
    },
    proposed: (hash, body) => proposals().has(`${hash} ${canonical(body)}`),
    propose: (hash, body) => void proposals().add(`${hash} ${canonical(body)}`),
    add(item) {
      insert(batch, { stream: item.stream, body: item.body, hash: null })
      const span = spanOf(item)
      if (span) depths.get(keyOf(item))?.add(span)
    },
  }
}

const keyOf = ({ stream, body }: Pick<Standing, 'stream' | 'body'>) => `${stream}/${body.instrument}`

/** An order without clock times stands at one millisecond (domain.md, section 4.5): it takes nobody's time. */
const lasts = ({ from, to }: Lasting): boolean => to - from > 1

function spanOf({ body: { from, to } }: DraftItem): Lasting | undefined {
  if (from === undefined || to === undefined) return undefined
  return lasts({ from, to }) ? { from, to } : undefined
}

function foundIn(registry: Registry, kind: DraftKind): Found {
  const records = registry.records(kind)
  const known = cache.get(records)
  if (known) return known
  const found: Found = { byId: new Map(), byInstrument: new Map() }
  for (const { record, hash } of records) {
    const { v: _v, seq: _seq, prev: _prev, stream, ...given } = record
    // What it took the place of is no part of what it says.
    const { replaces: _replaces, ...body } = given as unknown as DraftBody
    insert(found, { stream, body, hash })
  }
  cache.set(records, found)
  return found
}

function insert(found: Found, one: Standing): void {
  // Of two records with one id the last one logged stands.
  for (const id of idsOf(one)) found.byId.set(id, one)
  const { from, to } = one.body
  if (from === undefined || to === undefined) return
  const key = keyOf(one)
  const index = found.byInstrument.get(key) ?? createTimeIndex()
  found.byInstrument.set(key, index)
  index.add({ from, to, one })
}

function overlapsIn(found: Found, item: DraftItem): readonly Standing[] {
  const { from, to } = item.body
  if (from === undefined || to === undefined) return []
  const index = found.byInstrument.get(keyOf(item))
  return index?.overlapping({ from, to }, maxOverlaps).map(({ one }) => one) ?? []
}

const openProposals = (registry: Registry) =>
  new Set(
    registry
      .records('correction')
      .filter(({ record }) => record.replacement !== undefined)
      .map(({ record }) => `${record.of} ${canonical(record.replacement)}`),
  )

function voidedIds(registry: Registry, kind: DraftKind): ReadonlySet<string> {
  const approvals = Map.groupBy(registry.records('approval'), ({ record }) => record.of)
  const ids = new Set<string>()
  for (const { record, hash } of registry.records('correction')) {
    const own = (approvals.get(hash) ?? []).map((one) => one.record)
    if (record.void !== true || !isApproved(record, own)) continue
    const target = registry.find(record.of)
    if (target?.kind !== kind) continue
    const body = target.record as unknown as DraftBody & { stream: SiteId }
    for (const id of idsOf({ stream: body.stream, body })) ids.add(id)
  }
  return ids
}

/** Same in everything but who handed it in. */
export function sameBody(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const entries = Object.entries(value)
    .filter(([key, one]) => key !== 'actor' && one !== undefined && !(Array.isArray(one) && one.length === 0))
    .sort(([x], [y]) => (x < y ? -1 : 1))
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
}
