import type { DatabaseSync } from 'node:sqlite'
import type { ChannelId, Clock, SiteId } from '@hours/protocol'
import type { Ingest, Registry } from '../ports.ts'
import { type DraftContext, draftRecord } from './draft.ts'
import type { Drafted, DraftKind } from './drafted.ts'
import { createDuplicates, type Duplicates } from './duplicates.ts'
import { createLookup } from './lookup.ts'
import { createPeople, type People } from './people.ts'
import { type ImportRows, planRows } from './plan.ts'
import { type Fate, fates, type RowFate } from './row-fate.ts'

/** Who hands records in, and what of the installation this one may know of. */
export interface Sender {
  /** Id of the account; never a name. */
  readonly actor: string
  /** As the sender sees it: instruments are found in here and nowhere else. */
  readonly registry: Registry
}

/** What holds for all rows of a batch, where a row does not say otherwise. */
export interface BatchOptions {
  readonly site?: SiteId
  readonly instrument?: string
  readonly channel?: ChannelId
  readonly beneficiary?: string
  readonly purpose?: string
  /** Judges and tells, but writes nothing. */
  readonly dryRun?: boolean
}

export interface Taken {
  readonly counts: Readonly<Record<Fate, number>>
  readonly rows: readonly RowFate[]
}

/** The one way by which sessions, bookings and the like come into the log; one batch after the other. */
export interface Intake {
  readonly people: People
  readonly duplicates: Duplicates
  take(rows: ImportRows, sender: Sender, options?: BatchOptions): Promise<Taken>
  /** Reads one record without writing it: the replacement in a correction. */
  draft(kind: DraftKind, input: Readonly<Record<string, unknown>>, sender: Sender): Drafted & { keep(): void }
}

/** Records that go into the log in one piece; between two pieces others get their turn. */
const chunk = 1_000

export function createIntake(options: {
  readonly operations: DatabaseSync
  readonly clock: Clock
  readonly registry: Registry
  readonly recordAll: Ingest['recordAll']
}): Intake {
  const { clock, registry, recordAll } = options
  const people = createPeople(options.operations)
  /** Batches wait for each other: what one writes, the next one must find. */
  let line: Promise<unknown> = Promise.resolve()

  const contextOf = ({ actor, registry: seen }: Sender, batch: BatchOptions): DraftContext => {
    const { dryRun: _, ...defaults } = batch
    const lookup = createLookup(seen, registry)
    return { lookup, people: people.draft(), actor, now: clock.wall(), ...defaults }
  }

  async function take(rows: ImportRows, sender: Sender, batch: BatchOptions): Promise<Taken> {
    const context = contextOf(sender, batch)
    const plan = await planRows(rows, context, registry)
    if (batch.dryRun !== true) {
      // Names first: no record may name a person whom nobody can name.
      context.people.keep()
      for (let at = 0; at < plan.items.length; at += chunk) await recordAll(plan.items.slice(at, at + chunk))
    }
    const counts = Object.fromEntries(fates.map((fate) => [fate, 0])) as Record<Fate, number>
    for (const { fate } of plan.fates) counts[fate] += 1
    return { counts, rows: plan.fates }
  }

  return {
    people,
    duplicates: createDuplicates(registry, recordAll),
    take(rows, sender, batch = {}) {
      const taken = line.then(() => take(rows, sender, batch))
      line = taken.catch(() => undefined)
      return taken
    },
    draft(kind, input, sender) {
      const context = contextOf(sender, {})
      const drafted = draftRecord(kind, input, context)
      return { ...drafted, keep: () => context.people.keep() }
    },
  }
}
