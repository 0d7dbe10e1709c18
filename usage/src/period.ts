import type { Decoded } from '@hours/protocol'
import { type CivilSpan, dateStart } from './calendar.ts'

/** No sensor has spoken before, and nobody plans further: a period of thousands of years would be walked day by day. */
const firstYear = 1990
const lastYear = 2199

const fault = (text: string): Decoded<never, 'bad_period'> => ({
  ok: false,
  error: {
    code: 'bad_period',
    message: `period: "${text.slice(0, 60)}" is none of 2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08 (end excluded), from ${firstYear} to ${lastYear}`,
  },
})

/**
 * The names of periods that people type (records.md, section 10) as civil dates of `zone`: a year, a month, an ISO
 * week, an academic year (1 September to 31 August), one date, or dates `from..to` with the end excluded; from 1990 to
 * 2199.
 */
export function parsePeriod(text: string, zone: string): Decoded<CivilSpan, 'bad_period'> {
  try {
    const dates = datesOf(text)
    if (!dates || Temporal.PlainDate.compare(dates[0], dates[1]) >= 0) return fault(text)
    if (dates[0].year < firstYear || dates[1].subtract({ days: 1 }).year > lastYear) return fault(text)
    return {
      ok: true,
      value: { label: text, from: dateStart(zone, dates[0]), to: dateStart(zone, dates[1]) },
    }
  } catch {
    return fault(text)
  }
}

function datesOf(text: string): readonly [Temporal.PlainDate, Temporal.PlainDate] | undefined {
  const date = (year: number, month = 1, day = 1) =>
    Temporal.PlainDate.from({ year, month, day }, { overflow: 'reject' })
  const year = /^(\d{4})$/.exec(text)
  if (year) return [date(Number(year[1])), date(Number(year[1]) + 1)]
  const academic = /^AY(\d{4})$/.exec(text)
  if (academic) return [date(Number(academic[1]), 9), date(Number(academic[1]) + 1, 9)]
  const week = /^(\d{4})-W(\d{2})$/.exec(text)
  if (week) return weekDates(Number(week[1]), Number(week[2]))
  if (/^\d{4}-\d{2}$/.test(text)) {
    const first = Temporal.PlainYearMonth.from(text).toPlainDate({ day: 1 })
    return [first, first.add({ months: 1 })]
  }
  const range = /^(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?$/.exec(text)
  if (!range?.[1]) return undefined
  const from = Temporal.PlainDate.from(range[1])
  return [from, range[2] === undefined ? from.add({ days: 1 }) : Temporal.PlainDate.from(range[2])]
}

/** ISO 8601: week 1 is the one with 4 January in it. */
function weekDates(
  year: number,
  week: number,
): readonly [Temporal.PlainDate, Temporal.PlainDate] | undefined {
  const fourth = Temporal.PlainDate.from({ year, month: 1, day: 4 })
  const monday = fourth.subtract({ days: fourth.dayOfWeek - 1 }).add({ weeks: week - 1 })
  const thursday = monday.add({ days: 3 })
  return week >= 1 && thursday.yearOfWeek === year ? [monday, monday.add({ weeks: 1 })] : undefined
}
