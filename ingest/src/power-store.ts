import type { DatabaseSync } from 'node:sqlite'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { DAY, type InstrumentKey, type Millis, MINUTE, type PowerMinute } from '@hours/protocol'
import type { PowerStore } from './ports.ts'

const minutesADay = DAY / MINUTE
/** Days of power kept; older ones are removed. */
const maxDays = 800
/** So many instrument-days are held in memory before they are compressed and written. */
const maxOpen = 512

/** The store, with its write-behind: power is for charts, not evidence, so a kill may lose the last minute of it. */
export interface PowerStoreWriter extends PowerStore {
  flush(): void
}

interface OpenDay {
  readonly key: InstrumentKey
  readonly day: Millis
  /** min, mean, max of each minute, mW; NaN where no sample was taken. */
  readonly values: Float64Array<ArrayBuffer>
  dirty: boolean
}

export function createPowerStore(db: DatabaseSync): PowerStoreWriter {
  const upsert = db.prepare('INSERT OR REPLACE INTO power VALUES (?, ?, ?)')
  const one = db.prepare('SELECT minutes FROM power WHERE instrument = ? AND day = ?')
  const old = db.prepare('DELETE FROM power WHERE day < ?')
  const open = new Map<string, OpenDay>()
  let newest = 0

  function dayOf(key: InstrumentKey, day: Millis): OpenDay {
    const name = `${key} ${day}`
    const known = open.get(name)
    if (known) return known
    if (open.size >= maxOpen) flush()
    const blob = one.get(key, day)?.['minutes']
    const values =
      blob instanceof Uint8Array ? unpack(blob) : new Float64Array(minutesADay * 3).fill(Number.NaN)
    const fresh = { key, day, values, dirty: false }
    open.set(name, fresh)
    return fresh
  }

  function flush(): void {
    const dirty = [...open.values()].filter((one) => one.dirty)
    if (dirty.length > 0) {
      db.exec('BEGIN')
      for (const { key, day, values } of dirty) upsert.run(key, day, pack(values))
      db.exec('COMMIT')
    }
    open.clear()
    const today = dirty.reduce((latest, { day }) => Math.max(latest, day), 0)
    if (today > newest) {
      newest = today
      old.run(today - maxDays * DAY)
    }
  }

  return {
    put(key, from, minutes) {
      for (const [i, minute] of minutes.entries()) {
        if (!minute) continue
        const at = from + i * MINUTE
        const day = dayOf(key, at - (((at % DAY) + DAY) % DAY))
        day.values.set(minute, Math.floor((at - day.day) / MINUTE) * 3)
        day.dirty = true
      }
    },
    read(key, from, to, stepMs) {
      const step = Math.max(MINUTE, stepMs - (stepMs % MINUTE))
      const points: { at: Millis; min: number; mean: number; max: number }[] = []
      for (let at = from - (from % MINUTE); at < to; at += step) {
        const point = summary(minutesIn(key, Math.max(at, from), Math.min(at + step, to)))
        if (point) points.push({ at, ...point })
      }
      return points
    },
    flush,
  }

  function* minutesIn(key: InstrumentKey, from: Millis, to: Millis): Generator<NonNullable<PowerMinute>> {
    for (let at = from; at < to; at += MINUTE) {
      const day = dayOf(key, at - (at % DAY))
      const i = Math.floor((at - day.day) / MINUTE) * 3
      const [min = Number.NaN, mean = Number.NaN, max = Number.NaN] = day.values.subarray(i, i + 3)
      if (!Number.isNaN(mean)) yield [min, mean, max]
    }
  }
}

function summary(minutes: Iterable<NonNullable<PowerMinute>>) {
  let count = 0
  let sum = 0
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const [min, mean, max] of minutes) {
    count += 1
    sum += mean
    least = Math.min(least, min)
    most = Math.max(most, max)
  }
  return count === 0 ? undefined : { min: least, mean: Math.round(sum / count), max: most }
}

/** Columns one after the other, as differences in bytes by significance: that is what compresses. */
function pack(values: Float64Array<ArrayBuffer>): Uint8Array {
  const columns = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++)
    columns[(i % 3) * minutesADay + Math.floor(i / 3)] = values[i] ?? Number.NaN
  return deflateRawSync(shuffled(new Uint8Array(columns.buffer), 8), { level: 4 })
}

function unpack(blob: Uint8Array): Float64Array<ArrayBuffer> {
  const bytes = shuffled(inflateRawSync(blob), minutesADay * 3)
  const columns = new Float64Array(bytes.buffer)
  const values = new Float64Array(columns.length)
  for (let i = 0; i < values.length; i++)
    values[i] = columns[(i % 3) * minutesADay + Math.floor(i / 3)] ?? Number.NaN
  return values
}

/** Bytes of rows of `width` as columns; with the other factor as width it goes back. */
function shuffled(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const rows = bytes.length / width
  const out = new Uint8Array(bytes.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column++) out[column * rows + row] = bytes[row * width + column] ?? 0
  return out
}
