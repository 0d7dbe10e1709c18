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
      if (known === nothing) open.delete(nameOf(key, day))
      else if (known) lay(known, recent)
    }
  }

  /** What is on disk and what waits to be written; `nothing` where there is neither. */
  function stored(key: InstrumentKey, day: Millis, waiting: readonly Recent[]): DayValues {
    const blob = packed.get(key, day)?.['minutes']
    const recent = recentOf.all(day, key)
    if (!(blob instanceof Uint8Array) && recent.length === 0 && waiting.length === 0) return nothing
    const values = blob instanceof Uint8Array ? unpackDay(blob) : emptyDay()
    for (const { start, minutes } of recent)
      if (minutes instanceof Uint8Array)
        lay(values, { day, start: Number(start), values: new Float64Array(minutes.slice().buffer) })
    for (const one of waiting) lay(values, one)
    return values
  }

  function dayOf(key: InstrumentKey, day: Millis): DayValues {
    const name = nameOf(key, day)
    const known = open.get(name)
    if (known) return known
    const values = stored(
      key,
      day,
      pending.filter((one) => one.key === key && one.day === day),
    )
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
    upsert.run(key, day, packDay(stored(key, day, [])))
    forget.run(day, key)
    old.run(openDay() - maxDays * DAY)
  }

  /** Mean, least and most of the measured minutes of [from, to), which begins with a minute. */
  function summary(key: InstrumentKey, from: Millis, to: Millis) {
    const sum = { count: 0, mean: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }
    for (let at = from; at < to; ) {
      const day = startOfDay(at)
      const end = Math.min(to, day + DAY)
      addMinutes(sum, dayOf(key, day), (at - day) / MINUTE, Math.ceil((end - day) / MINUTE))
      at = end
    }
    const { count, min, mean, max } = sum
    return count === 0 ? undefined : { min, mean: Math.round(mean / count), max }
  }

  return {
    put,
    read(key, from, to, stepMs) {
      const step = Math.max(MINUTE, stepMs - (stepMs % MINUTE))
      const points: { at: Millis; min: number; mean: number; max: number }[] = []
      for (let at = from - (from % MINUTE); at < to; at += step) {
        const point = summary(key, at, Math.min(at + step, to))
        if (point) points.push({ at, ...point })
      }
      return points
    },
    flush,
  }
}

const nameOf = (key: InstrumentKey, day: Millis) => `${key} ${day}`
/** Stands for each day without power: it is never written to. */
const nothing = emptyDay()
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

/** Adds minutes [first, end) of a day; what was not measured is NaN. */
function addMinutes(
  sum: { count: number; mean: number; min: number; max: number },
  values: DayValues,
  first: number,
  end: number,
): void {
  for (let i = first; i < end; i++) {
    const mean = values[i * 3 + 1] ?? Number.NaN
    if (Number.isNaN(mean)) continue
    sum.count += 1
    sum.mean += mean
    sum.min = Math.min(sum.min, values[i * 3] ?? mean)
    sum.max = Math.max(sum.max, values[i * 3 + 2] ?? mean)
  }
}
