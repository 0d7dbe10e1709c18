import type { SeriesPoint } from './series-ports.ts'

/** One thing that log and series say differently. */
export interface SeriesDifference {
  readonly table: string
  readonly row: string
  readonly log: string
  readonly found: string
}

/**
 * Field by field what differs between the point that should stand and the one that does; numbers may be `within` apart.
 * `revision` says when a figure was told, not what it is, and is left out.
 */
export function pointDifferences(
  expected: SeriesPoint | undefined,
  found: SeriesPoint | undefined,
  label?: string,
  within = 0,
): SeriesDifference[] {
  const point = expected ?? found
  if (!point) return []
  const table = point.measurement
  const row = nameOf(point, label)
  if (!expected || !found) return [{ table, row, log: shown(expected), found: shown(found) }]
  return Object.entries(expected.fields).flatMap(([name, value]) => {
    const [log, stored] = [plain(value), plain(found.fields[name])]
    if (name === 'revision' || log === stored || isNear(log, stored, within)) return []
    return [{ table, row: `${row} ${name}`, log: String(log), found: String(stored) }]
  })
}

type Field = SeriesPoint['fields'][string]

const plain = (field: Field | undefined) =>
  field === undefined ? 'nothing' : 'i' in field ? field.i : 'f' in field ? field.f : field.s

/** A float that went through text and back is the same to the milliwatt. */
const isNear = (log: string | number, stored: string | number, within: number) =>
  typeof log === 'number' &&
  typeof stored === 'number' &&
  Math.abs(log - stored) <= (Number.isInteger(log) ? within : 1e-9 * Math.abs(log))

/** Days go by their civil date, everything else by its instant. */
function nameOf({ measurement, tags, at }: SeriesPoint, label: string | undefined): string {
  const key = `${tags['site'] ?? ''}/${tags['instrument'] ?? ''}`
  if (measurement === 'usage_daily' && label !== undefined) return `${key} ${label}`
  if (measurement === 'usage_week_hour')
    return `${key} year from ${new Date(at).toISOString()}, hour ${tags['how'] ?? ''} of the week`
  return `${key} ${new Date(at).toISOString()}`
}

function shown(point: SeriesPoint | undefined): string {
  if (!point) return 'no such row'
  const fields = Object.entries(point.fields).filter(([name]) => name !== 'revision')
  return JSON.stringify(Object.fromEntries(fields.map(([name, field]) => [name, plain(field)])))
}
