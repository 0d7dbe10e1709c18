import { type DayEvidence, type State, states } from '@hours/protocol'
import { parsePeriod } from '@hours/usage'
import type { InstrumentEntry, PageRow } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { badField, Problem } from './problem.ts'

type LogPart = Pick<DayEvidence, 'origin' | 'checkpoint' | 'pages'>

/**
 * The pages a day's hours rest on, with their proofs, for anybody who wants to check them (evidence.md). Logs are per
 * UTC year of appending: a day at the turn of the year has pages in two of them, the older one under `earlier`.
 */
export function dayEvidence(
  context: ApiContext,
  entry: InstrumentEntry,
  date: string,
): DayEvidence & { earlier: LogPart | null } {
  const { ingest } = context
  const day = parsePeriod(date, entry.zone)
  if (!day.ok) throw badField('date', date, day.error.message)
  const { from, to } = day.value
  // A page names all instruments of its gateway and cannot be shortened: one that others share is for who sees them all.
  const rows = ingest.index
    .pages(entry.key, from, to)
    .filter(({ gateway }) => context.showsPagesOf?.(gateway) ?? true)
  const years = [...new Set(rows.map(({ position }) => position.year))].sort((a, b) => b - a)
  const newest = years[0] ?? ingest.log.years().at(-1)
  if (newest === undefined) throw new Problem(404, 'the log is empty')
  const holders = new Set<string>(rows.map(({ gateway }) => gateway))
  const before = years[1]
  return {
    key: entry.key,
    date,
    from,
    to,
    ...logPart(context, newest, rows),
    vkey: ingest.log.vkey(),
    keys: ingest.registry
      .records('key')
      .filter(({ record }) => holders.has(record.holder))
      .map(({ record }) => ({ kid: `${record.holder}#${record.n}`, alg: record.alg, public: record.public })),
    states: durations(ingest.index.spans(entry.key, from, to)),
    earlier: before === undefined ? null : logPart(context, before, rows),
  }
}

function logPart({ ingest }: ApiContext, year: number, rows: readonly PageRow[]): LogPart {
  const checkpoint = ingest.log.checkpoint(year)
  const size = sizeIn(checkpoint) ?? ingest.log.size(year)
  return {
    origin: ingest.log.origin(year),
    checkpoint,
    pages: rows
      .filter(({ position }) => position.year === year && position.index < size)
      .map(({ gateway, seq, position }) => ({
        jws: Buffer.from(ingest.log.entry(position)).toString('utf8'),
        index: position.index,
        proof: [...ingest.log.inclusion(position, size)],
        gateway,
        seq,
      })),
  }
}

/** The second line of a checkpoint is its size (C2SP tlog-checkpoint): proofs must be in that very size. */
function sizeIn(checkpoint: string): number | undefined {
  const size = Number(checkpoint.split('\n')[1])
  return Number.isSafeInteger(size) ? size : undefined
}

function durations(spans: readonly { state: State; from: number; to: number }[]): Record<State, number> {
  const sum = Object.fromEntries(states.map((state) => [state, 0])) as Record<State, number>
  for (const span of spans) sum[span.state] += span.to - span.from
  return sum
}
