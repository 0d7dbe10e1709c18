import { DAY, type Millis } from '@hours/protocol'
import { dailyRows, type Interval, type UseRow, useRows } from '@hours/usage'
import type { AccountReader } from '../index/account-reader.ts'
import type { InstrumentRow } from '../index/instrument-table.ts'
import type { InstrumentEntry } from '../ports.ts'
import type { InstrumentInputs } from '../series/instrument-inputs.ts'
import type { FigureDay } from './figure-table.ts'

/** What the rows of an instrument are made from. */
export interface DaySources {
  readonly accounts: AccountReader
  readonly inputs: InstrumentInputs
}

/**
 * Rows of `days` (ascending, disjoint) out of what pages account for and the records that stand. What lies further away
 * than a day and the longest warm-up changes nothing in them, so that it does not matter which days are made together.
 */
export function makeDays(
  { accounts, inputs }: DaySources,
  entry: InstrumentEntry,
  { row, days }: { row: InstrumentRow; days: readonly Interval[] },
): FigureDay[] {
  const from = days[0]?.from ?? 0
  const to = days.at(-1)?.to ?? from
  const reach = DAY + Math.max(0, ...entry.enrolments.map(({ prepMs, postMs }) => Math.max(prepMs, postMs)))
  const spans = accounts.spans(row, from - reach, to + reach)
  const input = {
    ...inputs.of(entry, { from, to }, spans),
    late: spans.filter((span) => span.class === 'late'),
    recoveries: accounts.recovered(row, from, to),
  }
  const labelled = days.map((day) => ({ label: '', from: day.from, to: day.to }))
  const uses = Map.groupBy(useRows(input, labelled), ({ at }) => dayOf(days, at))
  return dailyRows(input, labelled).map(({ from: start, to: stop, values }) => ({
    from: start,
    to: stop,
    values,
    uses: (uses.get(start) ?? []).map(withoutInstrument).sort(byUse),
  }))
}

const dayOf = (days: readonly Interval[], at: Millis) =>
  days.findLast((day) => day.from <= at)?.from ?? days[0]?.from ?? at

const withoutInstrument = ({ instrument: _, ...use }: UseRow) => use

/** One order for one set of rows, however the records came. */
function byUse(a: Omit<UseRow, 'instrument'>, b: Omit<UseRow, 'instrument'>): number {
  if (a.session !== b.session) return a.session < b.session ? -1 : 1
  if (a.at !== b.at) return a.at - b.at
  if (a.booked !== b.booked) return a.booked === true ? 1 : -1
  return a.beneficiary < b.beneficiary ? -1 : 1
}
