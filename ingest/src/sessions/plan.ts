import { setImmediate as turn } from 'node:timers/promises'
import type { Registry } from '../ports.ts'
import type { RecordItem } from '../write-records.ts'
import { decide, type Decision } from './decide.ts'
import { type DraftContext, draftRecord } from './draft.ts'
import type { DraftItem, DraftKind } from './drafted.ts'
import { fault, type RowFault, type RowWarning } from './row-fault.ts'
import { type Fate, refusedRow, type RowFate } from './row-fate.ts'
import { partsOf } from './row-parts.ts'
import { type StandingRecords, standingRecords } from './standing-records.ts'
import { createTariffs, type Tariffs } from './tariffs.ts'

/** One row of a file or feed, read but not judged; `line` counts from 1 as an editor shows it. */
export type ImportRow =
  | { readonly line: number; readonly kind: DraftKind; readonly input: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly fault: RowFault }
export type ImportRows = Iterable<ImportRow> | AsyncIterable<ImportRow>

export interface Plan {
  readonly fates: readonly RowFate[]
  /** What has to be appended, in the order of the rows. */
  readonly items: readonly RecordItem[]
}

/** More rows than this in one file are not read; several files of any size may follow each other. */
export const maxRows = 200_000
/** Rows between two turns of the event loop: the door goes on answering while a large file is judged. */
const rowsATurn = 200

/** Judges rows one after the other against what is logged and what the batch already has; writes nothing. */
export async function planRows(rows: ImportRows, context: DraftContext, registry: Registry): Promise<Plan> {
  const known = new Map<DraftKind, StandingRecords>()
  const standing = (kind: DraftKind) => {
    const made = known.get(kind) ?? standingRecords(registry, kind)
    known.set(kind, made)
    return made
  }
  let priced: Tariffs | undefined
  const tariffs = () => (priced ??= createTariffs(registry))
  const items: RecordItem[] = []
  const fates: RowFate[] = []
  for await (const row of rows) {
    const number = fates.length + 1
    if (number > maxRows) {
      fates.push(refusedRow(number, row.line, [tooMany]))
      break
    }
    const judged =
      'fault' in row ? { faults: [row.fault] } : judge(row, { context, registry, standing, tariffs })
    if ('faults' in judged) fates.push(refusedRow(number, row.line, judged.faults))
    else {
      items.push(...judged.writes)
      fates.push({ row: number, line: row.line, ...judged.fate })
    }
    if (number % rowsATurn === 0) await turn()
  }
  return { fates, items }
}

const tooMany = fault(
  'file',
  '',
  `more than ${maxRows} rows; this row and those after it were not read`,
  'send the rest as another file; rows that were taken before are known again',
)

interface Judging {
  readonly context: DraftContext
  readonly registry: Registry
  readonly standing: (kind: DraftKind) => StandingRecords
  readonly tariffs: () => Tariffs
}

type Judged =
  | { readonly faults: readonly RowFault[] }
  | { readonly writes: readonly RecordItem[]; readonly fate: Omit<RowFate, 'row' | 'line'> }

/** A row stands or falls as one: a session whose charge cannot be read is not written without it. */
function judge(row: Extract<ImportRow, { input: object }>, of: Judging): Judged {
  const { context, registry, standing, tariffs } = of
  const draft = draftRecord(row.kind, row.input, context)
  if (!draft.ok) return { faults: draft.faults }
  const drafts: DraftItem[] = [draft.item]
  // Told by another channel, it keeps the id it has, and its charge is the one that is there.
  const id = standing(row.kind).find(draft.item)?.body.id ?? draft.item.body.id
  const parts = partsOf(row.input, { ...draft.item, body: { ...draft.item.body, id } }, tariffs)
  if ('reason' in parts) return { faults: [parts] }
  for (const part of parts) {
    const made = draftRecord(part.kind, part.input, context)
    if (!made.ok) return { faults: made.faults }
    drafts.push(made.item)
  }
  const decisions: Decision[] = []
  for (const item of drafts) {
    if (isForeign(item, standing(item.kind), context)) return { faults: [takenId(item)] }
    const decided = decide(item, standing(item.kind), context)
    if ('fault' in decided) return { faults: [decided.fault] }
    decisions.push(decided)
  }
  const [main] = decisions
  const warnings = [
    ...draft.warnings,
    ...formulas(row.input),
    ...(main && main.fate !== 'repeated' ? main.warnings(registry) : []),
  ]
  for (const [i, item] of drafts.entries()) decisions[i]?.settle(standing(item.kind))
  const fate = strongest.find((one) => decisions.some((decided) => decided.fate === one)) ?? 'repeated'
  const reason = decisions.find((decided) => decided.fate === fate)?.reason
  return {
    writes: decisions.flatMap(({ write }) => write ?? []),
    fate: {
      fate,
      id,
      ...(reason === undefined ? {} : { reason }),
      ...(warnings.length > 0 ? { warnings } : {}),
    },
  }
}

/** Ids are of a site, and a site may have several houses: nobody touches a record of an instrument they do not see. */
function isForeign(item: DraftItem, standing: StandingRecords, { lookup }: DraftContext): boolean {
  const known = standing.find(item)
  if (!known || known.body.instrument === item.body.instrument) return false
  return 'reason' in lookup.instrument(`${known.stream}/${known.body.instrument}`)
}

const takenId = ({ body: { id } }: DraftItem) =>
  fault('id', id, 'this id is taken at this site', 'choose another, such as one that begins with your unit')

const strongest: readonly Fate[] = ['accepted', 'correction', 'repeated']

/** What a spreadsheet would take for a formula, full-width signs included (CWE-1236). */
const formula = /^\s*[=@\uFF1D\uFF20]|^\s*[+\-\uFF0B\uFF0D](?![\d.,\s]*$)/

function formulas(input: Readonly<Record<string, unknown>>): RowWarning[] {
  const found = Object.entries(input).filter(([, value]) => typeof value === 'string' && formula.test(value))
  if (found.length === 0) return []
  const fields = found.map(([field]) => field).join(', ')
  return [
    {
      code: 'formula_text',
      reason: `${fields} looks like a formula: it is kept as plain text, and exports never let it run`,
      ids: [],
    },
  ]
}
