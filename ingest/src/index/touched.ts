import type { InstrumentKey, Millis } from '@hours/protocol'
import type { RegistryWriter } from '../registry/registry.ts'
import type { AccountReader } from './account-reader.ts'
import { civilDayAt } from './civil-day.ts'
import type { InstrumentRow } from './instrument-table.ts'
import type { Changed } from './recovery-table.ts'

/** A run block is followed so far; what runs longer than that is cut by its days anyway. */
const farthestMs = 40 * 86_400_000

/**
 * The dirty range of each instrument: what changed, widened to the ends of the run blocks it touches plus the longer
 * of preparation and follow-up time, then to whole civil days (records.md, section 8).
 */
export function widenTouched(
  changed: readonly Changed[],
  accounts: AccountReader,
  registry: RegistryWriter,
): { key: InstrumentKey; from: Millis; to: Millis }[] {
  const ranges = new Map<InstrumentRow, { from: Millis; to: Millis }>()
  for (const { row, from, to } of changed) {
    const known = ranges.get(row)
    ranges.set(row, known ? { from: Math.min(known.from, from), to: Math.max(known.to, to) } : { from, to })
  }
  return [...ranges].map(([row, range]) => {
    const entry = registry.instrument(row.key)
    const around = Math.max(entry?.enrolment.prepMs ?? 0, entry?.enrolment.postMs ?? 0)
    const zone = entry?.zone ?? 'UTC'
    const from = runBegin(accounts, row, range.from) - around
    const to = runEnd(accounts, row, range.to) + around
    return { key: row.key, from: civilDayAt(zone, from).from, to: civilDayAt(zone, to - 1).to }
  })
}

/** Where the run block that holds or ends at `at` begins. */
function runBegin(accounts: AccountReader, row: InstrumentRow, at: Millis): Millis {
  let begin = at
  for (let step = Math.max(row.longest, 3_600_000); at - begin < farthestMs; step *= 4) {
    const spans = accounts.spans(row, begin - step, begin + 1)
    const last = spans.findLast(({ from }) => from < begin)
    if (last?.state !== 'run' || last.to < begin) return begin
    const found = blockBegin(spans, last.from)
    if (found > begin - step) return found
    begin = found
  }
  return begin
}

/** Follows runs that touch each other downwards from `from`. */
function blockBegin(spans: readonly { from: Millis; to: Millis; state: string }[], from: Millis): Millis {
  const before = spans.find((span) => span.to === from && span.state === 'run')
  return before ? blockBegin(spans, before.from) : from
}

function runEnd(accounts: AccountReader, row: InstrumentRow, at: Millis): Millis {
  if (at >= row.latest) return at
  let end = at
  for (let step = Math.max(row.longest, 3_600_000); end - at < farthestMs; step *= 4) {
    const spans = accounts.spans(row, end - 1, end + step)
    let to = end
    for (const span of spans) {
      if (span.to <= to) continue
      if (span.state !== 'run' || span.from > to) return to
      to = span.to
    }
    if (to < end + step) return to
    end = to
  }
  return end
}
