import { instrumentKey, type InstrumentId, type RecordOf } from '@hours/protocol'
import { proposedDuplicates } from '@hours/usage'
import type { Registry } from '../ports.ts'
import type { RecordItem } from '../write-records.ts'
import { type DraftContext, draftRecord } from './draft.ts'
import type { DraftItem, DraftKind } from './drafted.ts'
import { fault, type RowFault, type RowWarning } from './row-fault.ts'
import { sameBody, type Standing, type StandingRecords, standingRecords } from './standing-records.ts'

/** One row of a file or feed, read but not judged; `line` counts from 1 as an editor shows it. */
export type ImportRow =
  | { readonly line: number; readonly kind: DraftKind; readonly input: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly fault: RowFault }

/**
 * What becomes of a row: `new` is written; `same` is there already; `changed` becomes a correction that another person
 * has to approve; `refused` is not written, and `field`, `value`, `reason`, `fix` say why.
 */
export interface RowFate {
  readonly line: number
  readonly fate: 'new' | 'same' | 'changed' | 'refused'
  readonly id?: string
  readonly field?: string
  readonly value?: string
  readonly reason?: string
  readonly fix?: string
  /** All faults, where there are several. */
  readonly faults?: readonly RowFault[]
  readonly warnings: readonly RowWarning[]
}

export interface Plan {
  readonly fates: readonly RowFate[]
  /** What has to be appended, in the order of the rows. */
  readonly items: readonly RecordItem[]
}

/** Judges rows one after the other against what is logged and what the batch already has; writes nothing. */
export function planRows(rows: readonly ImportRow[], context: DraftContext, registry: Registry): Plan {
  const known = new Map<DraftKind, StandingRecords>()
  const standing = (kind: DraftKind) => {
    const made = known.get(kind) ?? standingRecords(registry, kind)
    known.set(kind, made)
    return made
  }
  const items: RecordItem[] = []
  const fates = rows.map((row): RowFate => {
    if ('fault' in row) return refused(row.line, [row.fault])
    const draft = draftRecord(row.kind, row.input, context)
    if (!draft.ok) return refused(row.line, draft.faults)
    const decided = decide(draft.item, standing(row.kind), context.actor)
    if ('fault' in decided) return refused(row.line, [decided.fault])
    if (decided.write) items.push(decided.write)
    const { id } = draft.item.body
    const warnings = [...draft.warnings, ...(decided.fate === 'same' ? [] : decided.warnings(registry))]
    if (decided.fate === 'new') standing(row.kind).add(draft.item)
    const reason = decided.reason === undefined ? {} : { reason: decided.reason }
    return { line: row.line, fate: decided.fate, id, ...reason, warnings }
  })
  return { fates, items }
}

interface Decision {
  readonly fate: 'new' | 'same' | 'changed'
  readonly reason?: string
  readonly write?: RecordItem
  warnings(registry: Registry): RowWarning[]
}

function decide(item: DraftItem, standing: StandingRecords, actor: string): Decision | { fault: RowFault } {
  const warnings = (registry: Registry) => overlapWarnings(item, standing.overlapping(item), registry)
  const known = standing.find(item)
  if (!known) {
    if (standing.isVoided(item))
      return { fate: 'same', reason: 'it was voided, and stays so; a new id makes a new record', warnings }
    return { fate: 'new', write: item as unknown as RecordItem, warnings }
  }
  // A record keeps its id and every channel's id for it, whichever channel tells of it now.
  const body = {
    ...item.body,
    id: known.body.id,
    ...(item.body.externalIds
      ? { externalIds: merged(known.body.externalIds ?? [], item.body.externalIds) }
      : {}),
  }
  if (sameBody(known.body, body)) return { fate: 'same', warnings }
  if (known.hash === null)
    return {
      fault: fault(
        'id',
        item.body.id,
        'another row of this file has this id with other values',
        'keep one of them',
      ),
    }
  const { hash } = known
  if (standing.proposed(hash, body))
    return { fate: 'same', reason: 'the correction is there and waits for its approval', warnings }
  return {
    fate: 'changed',
    reason: 'becomes a correction that counts when another person approves it',
    write: {
      kind: 'correction',
      stream: item.stream,
      body: { of: hash, reason: 'the source sent other values', replacement: body, actor },
    },
    warnings,
  }
}

type ExternalIds = RecordOf<'session'>['externalIds']
const merged = (a: ExternalIds, b: ExternalIds): ExternalIds => [
  ...a,
  ...b.filter(({ channel, id }) => a.every((one) => one.channel !== channel || one.id !== id)),
]

function overlapWarnings(item: DraftItem, others: readonly Standing[], registry: Registry): RowWarning[] {
  if (item.kind !== 'session') return []
  const foreign = others.filter(({ body }) => body.id !== item.body.id)
  if (foreign.length === 0) return []
  const entry = registry.instrument(instrumentKey(item.stream, item.body.instrument as InstrumentId))
  const ids = foreign.map(({ body }) => body.id).slice(0, 8)
  const warnings: RowWarning[] = []
  if (entry?.enrolment.exclusive === true)
    warnings.push({
      code: 'session_overlap',
      reason: 'it overlaps another session of an instrument that takes one at a time; the hours are split',
      ids,
    })
  type Session = Parameters<typeof proposedDuplicates>[0][number]
  const asSession = (body: DraftItem['body']) => ({ externalIds: [], ...body }) as unknown as Session
  const pairs = proposedDuplicates([item.body, ...foreign.map(({ body }) => body)].map(asSession))
  const twins = pairs.filter((pair) => pair.includes(item.body.id)).flat()
  const others80 = twins.filter((id) => id !== item.body.id)
  if (others80.length > 0)
    warnings.push({
      code: 'proposed_duplicate',
      reason:
        'same instrument, same person, 80 % of the time in common: perhaps one session seen by two channels',
      ids: others80.slice(0, 8),
    })
  return warnings
}

function refused(line: number, faults: readonly RowFault[]): RowFate {
  const [first] = faults
  return {
    line,
    fate: 'refused',
    ...first,
    ...(faults.length > 1 ? { faults } : {}),
    warnings: [],
  }
}
