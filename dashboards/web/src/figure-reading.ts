import type { Figure } from './api-shapes.ts'

/** A figure with its bounds; ms, fractions or counts as its KPI says (domain.md, section 4.6). */
export interface ReadFigure {
  readonly value: number | null
  readonly lower: number | null
  readonly upper: number | null
}

type Body = readonly Figure[] | Readonly<Record<string, unknown>>

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)

/** `share_hours` and `shareHours`, `effective_h` and `effective` are one KPI. */
const nameOf = (kpi: string) =>
  kpi.replace(/_h$/, '').replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** Reads figures however they come: a list with ids, or one object with `xLower` and `xUpper` beside `x`. */
export function readFigures(body: Body | undefined): ReadonlyMap<string, ReadFigure> {
  const found = new Map<string, ReadFigure>()
  if (body === undefined) return found
  if (isList(body)) {
    for (const { kpi, value, lower, upper } of body)
      found.set(nameOf(kpi), { value, lower: lower ?? null, upper: upper ?? null })
    return found
  }
  for (const [kpi, value] of Object.entries(body))
    found.set(kpi, {
      value: numberOf(value),
      lower: numberOf(body[`${kpi}Lower`]),
      upper: numberOf(body[`${kpi}Upper`]),
    })
  return found
}

const isList = (body: Body): body is readonly Figure[] => Array.isArray(body)

/** Hours a year that the rule set in force asks of this instrument; undefined where it asks none, or of several not the same. */
export function quotaHours(body: Body | undefined): number | undefined {
  if (body === undefined || !isList(body)) return undefined
  const over = body.find(({ kpi }) => nameOf(kpi) === 'utilQuota')?.denominator
  const found = /^quota:(\d+(?:\.\d+)?)$/.exec(over ?? '')
  return found ? Number(found[1]) : undefined
}
