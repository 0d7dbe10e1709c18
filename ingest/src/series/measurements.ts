import { idPattern } from '@hours/protocol'
import type { SeriesPoint } from './series-ports.ts'

type FieldType = 'i' | 'f' | 's'
export interface MeasurementShape {
  readonly tags: readonly string[]
  readonly fields: Readonly<Record<string, FieldType>>
}

const usage = {
  off_ms: 'i',
  standby_ms: 'i',
  run_ms: 'i',
  fault_ms: 'i',
  unknown_ms: 'i',
  effective_ms: 'i',
  external_ms: 'i',
  revision: 'i',
} as const
const instrument = ['site', 'instrument'] as const

/**
 * The one table of what is written (stores.md): a field's type can never change, as InfluxDB refuses the batch then.
 * Tags are bounded and stable; people, bookings, event ids are fields or not there at all.
 */
export const measurements: Readonly<Record<SeriesPoint['measurement'], MeasurementShape>> = {
  state: { tags: instrument, fields: { state: 's', seq: 'i', gateway: 's' } },
  power: { tags: instrument, fields: { w: 'f', wmin: 'f', wmax: 'f', wh: 'f' } },
  usage_hourly: { tags: instrument, fields: usage },
  usage_daily: { tags: instrument, fields: usage },
  usage_week_hour: { tags: [...instrument, 'how'], fields: { run_ms: 'i', known_ms: 'i' } },
  gateway: {
    tags: ['site', 'gateway'],
    fields: { online: 'i', spool: 'i', oldest: 'i', offset_ms: 'i', received: 'i', rejected: 'i' },
  },
}

export const measurementNames = Object.keys(measurements) as readonly SeriesPoint['measurement'][]

/** What a column of a store may hold. */
type StoredValue = string | number | bigint | boolean | Uint8Array | null | undefined

/** A stored row as the point it was; fields that are not there are left out. */
export function pointOf(
  measurement: SeriesPoint['measurement'],
  row: Readonly<Record<string, StoredValue>>,
  at: number,
): SeriesPoint {
  const shape = measurements[measurement]
  const fields = Object.entries(shape.fields).flatMap(([name, type]) => {
    const value = row[name]
    if (value === null || value === undefined) return []
    return [
      [
        name,
        type === 's' ? { s: String(value) } : type === 'i' ? { i: Number(value) } : { f: Number(value) },
      ],
    ]
  })
  return {
    measurement,
    tags: Object.fromEntries(shape.tags.map((name) => [name, String(row[name])])),
    fields: Object.fromEntries(fields) as SeriesPoint['fields'],
    at,
  }
}

/** Why a point may not go into any store; undefined when it may. Ids are ids, so no text of anybody's gets in here. */
export function faultOf(point: SeriesPoint): string | undefined {
  if (!Object.hasOwn(measurements, point.measurement))
    return `measurement "${shown(point.measurement)}" is none of ${measurementNames.join(', ')}`
  const shape = measurements[point.measurement]
  if (!Number.isSafeInteger(point.at)) return `time ${String(point.at)} is not in whole milliseconds`
  return tagFault(point, shape) ?? fieldFault(point, shape)
}

function tagFault({ measurement, tags }: SeriesPoint, shape: MeasurementShape): string | undefined {
  const names = Object.keys(tags)
  if (names.length !== shape.tags.length)
    return `${measurement} has the tags ${shape.tags.join(', ')}, not ${names.map(shown).join(', ')}`
  for (const name of shape.tags) {
    const value = tags[name]
    if (value === undefined) return `${measurement} has no tag ${name}`
    if (name === 'how' ? !isHourOfWeek(value) : !idPattern.test(value))
      return `tag ${name} of ${measurement} is "${shown(value)}", which is no ${name === 'how' ? 'hour of the week' : 'id'}`
  }
  return undefined
}

const isHourOfWeek = (text: string) => /^\d{1,3}$/.test(text) && Number(text) < 168

function fieldFault({ measurement, fields }: SeriesPoint, shape: MeasurementShape): string | undefined {
  const names = Object.keys(fields)
  if (names.length === 0) return `${measurement} without a field`
  for (const [name, value] of Object.entries(fields)) {
    const type = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined
    if (type === undefined) return `${measurement} has no field "${shown(name)}"`
    if (!(type in value)) return `field ${name} of ${measurement} must be of type ${type}`
    if ('i' in value && !Number.isSafeInteger(value.i)) return `field ${name} is ${value.i}, not an integer`
    if ('f' in value && !Number.isFinite(value.f)) return `field ${name} is ${value.f}, not a number`
    if ('s' in value && value.s.length > 200) return `field ${name} is longer than 200 characters`
  }
  return undefined
}

const shown = (text: string) => JSON.stringify(text.slice(0, 60)).slice(1, -1)
