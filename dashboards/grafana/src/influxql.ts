/** Pieces of InfluxQL that every dashboard shares; durations are stored in ms and shown in hours. */
export const hourMs = 3_600_000
/** A float on purpose: inside a subquery 1.6.7 divides integers to integers. */
export const hour = `${hourMs}.0`

/** `part` of `whole` in per cent; floats from the first step on, as above. */
export const share = (part: string, whole: string): string => `100.0 * (${part}) / (${whole})`

const sums = (fields: readonly string[]) => fields.map((field) => `sum("${field}")`).join(' + ')
export const onMs = sums(['standby_ms', 'run_ms', 'fault_ms'])
export const knownMs = sums(['off_ms', 'standby_ms', 'run_ms', 'fault_ms'])
export const enrolledMs = sums(['off_ms', 'standby_ms', 'run_ms', 'fault_ms', 'unknown_ms'])

/**
 * The chosen time, organisation and instruments; ids are matched whole. What is no part of a regular expression is `raw`:
 * Grafana escapes it otherwise.
 */
export const chosen =
  '$timeFilter AND ${organisation:raw} AND "site" =~ /^$site$/ AND "instrument" =~ /^$instrument$/'

/** The zone that days are cut by. */
export const inZone = "tz('${zone:raw}')"

/** Whole sites and instruments (`site/instrument`) as a condition; of nothing at all it holds never. */
export function among({ sites = [], instruments }: Among): string {
  const parts = [
    ...sites.map((site) => `"site" = '${site}'`),
    ...bySite(instruments).map(([site, ids]) => `("site" = '${site}' AND "instrument" =~ ${oneOf(ids)})`),
  ]
  return parts.length === 0 ? `"site" = ''` : `(${parts.join(' OR ')})`
}

/** Everything but these instruments; InfluxQL has no NOT. */
export const butFor = (instruments: readonly string[]): string =>
  bySite(instruments)
    .map(([site, ids]) => `("site" != '${site}' OR "instrument" !~ ${oneOf(ids)})`)
    .join(' AND ')

interface Among {
  readonly sites?: readonly string[]
  readonly instruments: readonly string[]
}

function bySite(keys: readonly string[]): (readonly [site: string, ids: string[]])[] {
  const sites = Map.groupBy(keys, (key) => key.slice(0, key.indexOf('/')))
  return [...sites].map(([site, own]) => [site, own.map((key) => key.slice(site.length + 1))] as const)
}

/** Ids hold letters, digits and dashes: nothing of them means anything in a regular expression. */
const oneOf = (ids: readonly string[]) => `/^(${ids.join('|')})$/`

/** `part` of `whole` in per cent, pooled; nothing at all, never 0 %, where the whole is 0 (domain.md, 1.5). */
export const percent = (name: string, part: string, whole: string, where = chosen): string =>
  `SELECT 100.0 * "part" / "whole" AS "${name}" FROM (SELECT ${part} AS "part", ${whole} AS "whole" FROM "usage_daily" WHERE ${where}) WHERE "whole" > 0`

/** One row for each instrument, at most `most` of them by the first column: Grafana cuts off at 1,000 series. */
export function ranked(
  order: 'top' | 'bottom',
  most: number,
  columns: readonly (readonly [name: string, expression: string])[],
  having = '',
): string {
  const [first, ...rest] = columns.map(([name]) => name)
  const inner = columns.map(([name, expression]) => `${expression} AS "${name}"`).join(', ')
  const outer = [...rest.map((name) => `"${name}"`), '"site"', '"instrument"'].join(', ')
  return `SELECT ${order}("${first ?? ''}", ${most}) AS "${first ?? ''}", ${outer} FROM (SELECT ${inner} FROM "usage_daily" WHERE ${chosen} GROUP BY "site", "instrument")${having}`
}
