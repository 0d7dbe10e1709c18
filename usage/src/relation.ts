import type { RecordOf } from '@hours/protocol'
import type { Relation } from './attribution.ts'

type Organisation = RecordOf<'organisation'>

/** The dated tree of organisations: who stands below whom at an instant (records.md, section 8). */
export interface OrganisationTree {
  /** The organisation as it stands at `at`. */
  find(id: string, at: number): Organisation | undefined
  /** From `id` up to the root, `id` first; a cycle ends the walk. */
  path(id: string, at: number): readonly Organisation[]
  /** The legal entity that `id` is or belongs to. */
  entity(id: string, at: number): string | undefined
  /** Instants inside (from, to) at which some organisation's record begins. */
  changes(from: number, to: number): readonly number[]
}

const deepest = 32

export function createOrganisationTree(records: readonly Organisation[]): OrganisationTree {
  const byId = new Map<string, Organisation[]>()
  for (const record of records) byId.set(record.id, [...(byId.get(record.id) ?? []), record])
  for (const list of byId.values()) list.sort((a, b) => a.from - b.from)
  const begins = [...new Set(records.map(({ from }) => from))].sort((a, b) => a - b)

  const find = (id: string, at: number) => byId.get(id)?.findLast(({ from }) => from <= at)

  function path(id: string, at: number): Organisation[] {
    const walked: Organisation[] = []
    for (let next: string | null = id; next !== null && walked.length < deepest; ) {
      const one = find(next, at)
      if (!one || walked.some((before) => before.id === one.id)) break
      walked.push(one)
      next = one.parent
    }
    return walked
  }

  return {
    find,
    path,
    entity: (id, at) => path(id, at).find(({ kind }) => kind === 'entity')?.id,
    changes: (from, to) => begins.filter((at) => at > from && at < to),
  }
}

/**
 * What the beneficiary is to the unit that manages the instrument at that instant: itself or below it, another unit of
 * the same legal entity, or another legal entity. Undefined = a beneficiary nobody knows: unattributed, never external.
 */
export function relationAt(
  tree: OrganisationTree,
  unit: string,
  beneficiary: string,
  at: number,
): Relation | undefined {
  const up = tree.path(beneficiary, at)
  if (up.length === 0) return undefined
  if (up.some(({ id }) => id === unit)) return 'own_unit'
  const own = tree.entity(unit, at)
  const other = tree.entity(beneficiary, at)
  if (own === undefined || other === undefined) return undefined
  return own === other ? 'same_entity' : 'external'
}
