import { when } from './format.ts'
import { text } from './text/text.ts'
import { dateOf, dayStart, instantOfDate, monthStart } from './zone.ts'

/** `2026`, `2026-11`, `AY2025` or `2026-01-01..2026-02-01` (end excluded; records.md, section 10). */
export interface Period {
  readonly id: string
  readonly from: number
  readonly to: number
}

/** The period in the zone; undefined when `id` is none. */
export function periodOf(id: string, zone: string): Period | undefined {
  const at = (date: string) => instantOfDate(zone, date)
  const range = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/.exec(id)
  if (range) return { id, from: at(range[1] ?? ''), to: at(range[2] ?? '') }
  const academic = /^AY(\d{4})$/.exec(id)
  if (academic) return { id, from: at(`${academic[1]}-09-01`), to: at(`${Number(academic[1]) + 1}-09-01`) }
  if (/^\d{4}$/.test(id)) return { id, from: at(`${id}-01-01`), to: at(`${Number(id) + 1}-01-01`) }
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(id)) return undefined
  const from = at(`${id}-01`)
  return { id, from, to: monthStart(zone, from, 1) }
}

/** What to ask the API for: a period that is not over is asked for up to the end of today. */
export function askable({ id, from, to }: Period, zone: string, now: number): string {
  return to > now && from <= now ? `${dateOf(zone, from)}..${dateOf(zone, dayStart(zone, now, 1))}` : id
}

/** `other` as far as `period` has come: half a month is compared with half a month. */
export function comparable(other: Period, period: Period | undefined, zone: string, now: number): string {
  if (!period || period.to <= now || period.from > now) return askable(other, zone, now)
  const days = Math.round((dayStart(zone, now, 1) - period.from) / 86_400_000)
  const end = Math.min(other.to, dayStart(zone, other.from, days))
  return `${dateOf(zone, other.from)}..${dateOf(zone, end)}`
}

/** What a period is called: "2026", "October 2026", "2025/26 (AY)", "1 Oct 2026 – 15 Oct 2026". */
export function periodName(id: string, zone: string): string {
  const period = periodOf(id, zone)
  if (!period) return id
  if (/^\d{4}$/.test(id)) return when('year', period.from, zone)
  if (/^AY/.test(id)) return text.value.time.academicYear(Number(id.slice(2)))
  if (/^\d{4}-\d\d$/.test(id)) return when('month', period.from, zone)
  return `${when('date', period.from, zone)} – ${when('date', period.to - 1, zone)}`
}

/** Years, academic years and months up to now, newest first. */
export function periodChoices(zone: string, now: number): { id: string; label: string }[] {
  const year = Number(dateOf(zone, now).slice(0, 4))
  const years = [0, 1, 2].map((back) => String(year - back))
  const started = Number(dateOf(zone, now).slice(5, 7)) >= 9 ? year : year - 1
  const academic = [0, 1].map((back) => `AY${started - back}`)
  const months = Array.from({ length: 12 }, (_, back) =>
    dateOf(zone, monthStart(zone, now, -back)).slice(0, 7),
  )
  return [...years, ...academic, ...months].map((id) => ({ id, label: periodName(id, zone) }))
}
