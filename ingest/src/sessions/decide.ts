import { instrumentKey, type InstrumentId, type RecordOf } from '@hours/protocol'
import { mostAtOnce, proposedDuplicates } from '@hours/usage'
import type { Registry } from '../ports.ts'
import type { RecordItem } from '../write-records.ts'
import type { DraftItem } from './drafted.ts'
import type { Fate } from './row-fate.ts'
import { fault, type RowFault, type RowWarning } from './row-fault.ts'
import { sameBody, type Standing, type StandingRecords } from './standing-records.ts'

/** What a draft is beside what stands, and what has to be written of it. */
export interface Decision {
  readonly fate: Exclude<Fate, 'refused'>
  readonly reason?: string
  readonly write?: RecordItem
  warnings(registry: Registry): RowWarning[]
  /** Counts it among what this batch has; once the whole row is decided. */
  settle(standing: StandingRecords): void
}

/** New, there already, or there with other values; two rows of one batch may not contradict each other. */
export function decide(
  item: DraftItem,
  standing: StandingRecords,
  { actor, now }: { readonly actor: string; readonly now: number },
): Decision | { readonly fault: RowFault } {
  const warnings = (registry: Registry) => overlapWarnings(item, standing.overlapping(item), registry)
  const repeated = (reason?: string): Decision => ({
    fate: 'repeated',
    ...(reason === undefined ? {} : { reason }),
    warnings,
    settle: () => undefined,
  })
  const known = standing.find(item)
  if (!known) {
    if (standing.isVoided(item)) return repeated('it was voided, and stays so; a new id makes a new record')
    if (item.kind === 'session' && standing.atOnce(item, mostAtOnce) >= mostAtOnce)
      return { fault: crowded(item) }
    return {
      fate: 'accepted',
      write: item as unknown as RecordItem,
      warnings,
      settle: (of) => of.add(item),
    }
  }
  // A record keeps its id and every channel's id for it, whichever channel tells of it now.
  const body = {
    ...item.body,
    id: known.body.id,
    ...(item.body.externalIds
      ? { externalIds: merged(known.body.externalIds ?? [], item.body.externalIds) }
      : {}),
  }
  if (sameBody(known.body, body))
    return repeated(known.hash === null ? 'another row of this file says the same' : 'it is there already')
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
  if (standing.proposed(hash, body)) return repeated('the correction is there and waits for its approval')
  if (isPlanOf(item, known.body, now))
    return {
      fate: 'accepted',
      reason: 'its own channel tells it anew before it begins: the new record takes the place of the old one',
      write: { ...item, body: { ...body, replaces: hash } } as unknown as RecordItem,
      warnings,
      settle: (of) => of.add({ ...item, body }),
    }
  return {
    fate: 'correction',
    reason: 'becomes a correction that counts when another person approves it',
    write: {
      kind: 'correction',
      stream: item.stream,
      body: { of: hash, reason: 'the source sent other values', replacement: body, actor },
    },
    warnings,
    settle: (of) => of.propose(hash, body),
  }
}

const crowded = ({ body: { from } }: DraftItem) =>
  fault(
    'from',
    from,
    `${mostAtOnce} sessions of this instrument share an instant of it already: hours are split among no more`,
    'correct the times; void what never was',
  )

/**
 * Whether it tells anew of a booking that is still to come, by an id of the same channel: plans change, and nobody has to
 * approve that. What has begun is evidence of who was expected, and changes by corrections only.
 */
function isPlanOf(item: DraftItem, known: DraftItem['body'], now: number): boolean {
  const isToCome = ({ from }: DraftItem['body']) => from !== undefined && from > now
  const sameChannel = known.externalIds?.some(({ channel, id }) =>
    item.body.externalIds?.some((one) => one.channel === channel && one.id === id),
  )
  return item.kind === 'booking' && sameChannel === true && isToCome(known) && isToCome(item.body)
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
