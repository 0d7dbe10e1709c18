import type { SeriesPoint } from './series-ports.ts'
import { measurements } from './measurements.ts'

type Field = SeriesPoint['fields'][string]
/** Measurement, time, tags and fields in the order of the table of measurements; null = not there. */
type Packed = readonly [
  SeriesPoint['measurement'],
  number,
  readonly string[],
  readonly (number | string | null)[],
]

/** Points as JSON of values alone: 2.5 times less to write, read and parse than with their names. */
export const packPoints = (points: readonly SeriesPoint[]): string => JSON.stringify(points.map(pack))

/** Points of `packPoints`, or of a release that kept them with their names. */
export const unpackPoints = (text: string): SeriesPoint[] =>
  (JSON.parse(text) as (Packed | SeriesPoint)[]).map((one) => (isPacked(one) ? unpack(one) : one))

const isPacked = (one: Packed | SeriesPoint): one is Packed => Array.isArray(one)

const shapes = Object.fromEntries(
  Object.entries(measurements).map(([name, { tags, fields }]) => [
    name,
    { tags, fields: Object.entries(fields) },
  ]),
)

function shapeOf(measurement: SeriesPoint['measurement']) {
  const shape = shapes[measurement]
  if (!shape) throw new RangeError(`the outbox holds a point of measurement "${measurement}"`)
  return shape
}

function pack({ measurement, tags, fields, at }: SeriesPoint): Packed {
  const shape = shapeOf(measurement)
  return [
    measurement,
    at,
    shape.tags.map((name) => tags[name] ?? ''),
    shape.fields.map(([name]) => plain(fields[name])),
  ]
}

const plain = (field: Field | undefined) =>
  field === undefined ? null : 'f' in field ? field.f : 'i' in field ? field.i : field.s

function unpack([measurement, at, tagValues, values]: Packed): SeriesPoint {
  const shape = shapeOf(measurement)
  const tags: Record<string, string> = {}
  const fields: Record<string, Field> = {}
  for (const [i, name] of shape.tags.entries()) tags[name] = tagValues[i] ?? ''
  for (const [i, [name, type]] of shape.fields.entries()) {
    const value = values[i]
    if (value !== null && value !== undefined) fields[name] = { [type]: value } as unknown as Field
  }
  return { measurement, tags, fields, at }
}
