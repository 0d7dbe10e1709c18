import type { DatabaseSync } from 'node:sqlite'
import { type Clock, DAY, type InstrumentKey, type Millis, MINUTE, type PowerMinute } from '@hours/protocol'
import { type DayValues, emptyDay, minutesADay, packDay, unpackDay } from './packed-day.ts'
import type { PowerStore } from './ports.ts'

/** Days of power kept before the newest one; older ones are removed. */
const maxDays = 800
/** Unpacked instrument-days kept for reading. */
const maxOpen = 512
/** Days of one instrument that are packed at one flush: each takes under a millisecond of this thread. */
const packsAFlush = 64

/** The store, with its write-behind: power is for charts, not evidence, so a kill may lose the last minute of it. */
export interface PowerStoreWriter extends PowerStore {
  flush(): void
}

/** Minutes of one day as they came, before the day is over. */
interface Recent {
  readonly key: InstrumentKey
  readonly day: Millis
  readonly start: Millis
  readonly values: Float64Array<ArrayBuffer>
}

/**
 * Minutes are written as they come, small and plain; a day that is over is packed once. Packing the open day again with
 * every page would stop a site of 9,900 instruments for a second and a half each minute.
 */
export function createPowerStore(db: DatabaseSync, clock: Pick<Clock, 'wall'>): PowerStoreWriter {
  const insert = db.prepare('INSERT INTO power_recent VALUES (?, ?, ?, ?)')
  const recentOf = db.prepare(
    'SELECT start, minutes FROM power_recent WHERE day = ? AND instrument = ? ORDER BY rowid',
  )
  const ended = db.prepare('SELECT DISTINCT day, instrument FROM power_recent WHERE day < ? LIMIT ?')
  const forget = db.prepare('DELETE FROM power_recent WHERE day = ? AND instrument = ?')
  const upsert = db.prepare('INSERT OR REPLACE INTO power VALUES (?, ?, ?)')
  const packed = db.prepare('SELECT minutes FROM power WHERE instrument = ? AND day = ?')
  const old = db.prepare('DELETE FROM power WHERE day < ?')
  const open = new Map<string, DayValues>()
  let pending: Recent[] = []
  let newest = 0
  /**
   * The day that is still open: no later than this machine's, as one minute of the future must not age all the others,
   * and no later than what was measured, as a clock of this machine that runs ahead must not either.
   */
  const openDay = () => Math.min(newest, startOfDay(clock.wall()))

  function put(key: InstrumentKey, from: Millis, minutes: readonly PowerMinute[]): void {
    for (let i = 0; i < minutes.length; ) {
      const start = from + i * MINUTE
      const day = startOfDay(start)
      const count = Math.min(minutes.length - i, (day + DAY - start) / MINUTE)
      const part = minutes.slice(i, i + count)
      i += count
      if (part.every((minute) => minute === null)) continue
      const recent = { key, day, start, values: valuesOf(part) }
      pending.push(recent)
      newest = Math.max(newest, day)
      const known = open.get(nameOf(key, day))
      if (known) lay(known, recent)
    }
  }

  /** What is on disk; what is pending is laid over it by the caller or was when it came. */
  function stored(key: InstrumentKey, day: Millis): DayValues {
    const blob = packed.get(key, day)?.['minutes']
    const values = blob instanceof Uint8Array ? unpackDay(blob) : emptyDay()
    for (const { start, minutes } of recentOf.all(day, key))
      if (minutes instanceof Uint8Array)
        lay(values, { day, start: Number(start), values: new Float64Array(minutes.slice().buffer) })
    return values
  }

  function dayOf(key: InstrumentKey, day: Millis): DayValues {
    const name = nameOf(key, day)
    const known = open.get(name)
    if (known) return known
    const values = stored(key, day)
    for (const recent of pending) if (recent.key === key && recent.day === day) lay(values, recent)
    const oldest = open.size >= maxOpen ? open.keys().next().value : undefined
    if (oldest !== undefined) open.delete(oldest)
    open.set(name, values)
    return values
  }

  function flush(): void {
    const over = ended.all(openDay(), packsAFlush)
    if (pending.length === 0 && over.length === 0) return
    db.exec('BEGIN')
    try {
      for (const { key, day, start, values } of pending)
        insert.run(day, key, start, new Uint8Array(values.buffer))
      for (const { day, instrument } of over) packOne(instrument as InstrumentKey, Number(day))
      db.exec('COMMIT')
    } catch (error) {
      // A full disk has ended the transaction already.
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
    pending = []
  }

  function packOne(key: InstrumentKey, day: Millis): void {
    upsert.run(key, day, packDay(stored(key, day)))
    forget.run(day, key)
    old.run(openDay() - maxDays * DAY)
  }

  function* minutesIn(key: InstrumentKey, from: Millis, to: Millis): Generator<NonNullable<PowerMinute>> {
    for (let at = from; at < to; at += MINUTE) {
      const day = startOfDay(at)
      const i = Math.floor((at - day) / MINUTE) * 3
      const [min = Number.NaN, mean = Number.NaN, max = Number.NaN] = dayOf(key, day).subarray(i, i + 3)
      if (!Number.isNaN(mean)) yield [min, mean, max]
    }
  }

  return {
    put,
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
}

const nameOf = (key: InstrumentKey, day: Millis) => `${key} ${day}`
const startOfDay = (at: Millis): Millis => at - (((at % DAY) + DAY) % DAY)

const valuesOf = (minutes: readonly PowerMinute[]): Float64Array<ArrayBuffer> =>
  Float64Array.from(minutes.flatMap((minute) => minute ?? [Number.NaN, Number.NaN, Number.NaN]))

/** Lays minutes into their day; a minute that was not measured leaves what is there. */
function lay(into: DayValues, { day, start, values }: Pick<Recent, 'day' | 'start' | 'values'>): void {
  const first = Math.floor((start - day) / MINUTE) * 3
  for (let i = 0; i < values.length && first + i < minutesADay * 3; i++) {
    const value = values[i]
    if (value !== undefined && !Number.isNaN(value)) into[first + i] = value
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
