import { DatabaseSync } from 'node:sqlite'
import { DAY, HOUR, type InstrumentKey, MINUTE, type PowerMinute } from '@hours/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openOperations } from './operations.ts'
import { createPowerStore, type PowerStoreWriter } from './power-store.ts'

const key = 'gz/sem-01' as InstrumentKey
const day = Date.UTC(2026, 0, 5)
/** Its clock shows `now`; some days after the first minute, as a site whose power came late. */
const openStore = (db: DatabaseSync, now = day + 9 * DAY) => createPowerStore(db, { wall: () => now })
const open = (): DatabaseSync => openOperations(':memory:')
const flat = (mw: number, count: number): PowerMinute[] =>
  Array.from({ length: count }, () => [mw - 1, mw, mw + 1])
const recentRows = (db: DatabaseSync) =>
  Number(db.prepare('SELECT count(*) AS n FROM power_recent').get()?.['n'])

it('gives back what was put, before and after it is on disk, and after the day was packed', () => {
  const db = open()
  const store = openStore(db)
  store.put(key, day + 23 * HOUR, flat(310_000, 120), null)
  const expected = [{ at: day + 23 * HOUR, min: 309_999, mean: 310_000, max: 310_001 }]
  const read = (from = openStore(db)) => from.read(key, day + 23 * HOUR, day + 24 * HOUR, HOUR)
  expect(read(store)).toEqual(expected)
  expect(read()).toEqual([])
  store.flush()
  expect(read()).toEqual(expected)
  expect(recentRows(db)).toBe(2)
  store.flush()
  expect(recentRows(db)).toBe(1)
  expect(read()).toEqual(expected)
  expect(openStore(db).read(key, day, day + 2 * DAY, DAY)).toHaveLength(2)
})

it('takes minutes of a day that was packed already, and loses none of the others', () => {
  const db = open()
  const store = openStore(db)
  store.put(key, day, flat(100, 60), null)
  store.put(key, day + DAY, flat(100, 1), null)
  for (let i = 0; i < 3; i++) store.flush()
  store.put(key, day + 2 * HOUR, flat(900, 60), null)
  for (let i = 0; i < 3; i++) store.flush()
  const means = openStore(db)
    .read(key, day, day + 4 * HOUR, HOUR)
    .map(({ mean }) => mean)
  expect(means).toEqual([100, 900])
})

it('is the same in whatever order minutes come and however often it is flushed', () => {
  const part = fc.record({
    at: fc.integer({ min: 0, max: 3 * 1_440 }),
    length: fc.integer({ min: 1, max: 40 }),
  })
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 12 }),
      fc.array(fc.integer({ min: 0, max: 11 })),
      (parts, flushes) => {
        const db = open()
        const store = openStore(db)
        const truth = new Map<number, number>()
        for (const [i, { at, length }] of parts.entries()) {
          const from = day + at * MINUTE
          // A minute is one meter's, so it is the same however often it is sent.
          store.put(
            key,
            from,
            Array.from({ length }, (_, k): PowerMinute => [at + k, at + k, at + k]),
            null,
          )
          for (let k = 0; k < length; k++) truth.set(from + k * MINUTE, at + k)
          if (flushes.includes(i)) store.flush()
        }
        const read = (from: PowerStoreWriter) =>
          from.read(key, day, day + 5 * DAY, MINUTE).map(({ at, mean }) => [at, mean])
        const expected = [...truth].sort((a, b) => a[0] - b[0])
        expect(read(store)).toEqual(expected)
        store.flush()
        store.flush()
        expect(read(openStore(db))).toEqual(expected)
        db.close()
      },
    ),
    { numRuns: 60 },
  )
})

it.each([
  ['a minute of 2040', Date.UTC(2040, 0, 1), day + 9 * DAY],
  ['a machine that believes in 2040', day + 9 * DAY, Date.UTC(2040, 0, 1)],
])('%s ages nothing: what was kept stays', (_name, at, now) => {
  const db = open()
  const store = openStore(db, now)
  for (let i = 0; i < 5; i++) store.put(key, day + i * DAY, flat(100, 60), null)
  store.put(key, at, flat(100, 1), null)
  for (let i = 0; i < 4; i++) store.flush()
  expect(openStore(db, now).read(key, day, day + 5 * DAY, DAY)).toHaveLength(5)
})

it('keeps 800 days before the newest, and no more', () => {
  const db = open()
  const store = openStore(db, day + 802 * DAY)
  for (const days of [0, 1, 2, 801, 802]) store.put(key, day + days * DAY, flat(100, 1), null)
  for (let i = 0; i < 3; i++) store.flush()
  const after = openStore(db)
  const isKept = (at: number) => after.read(key, at, at + DAY, DAY).length > 0
  const kept = [0, 1, 2, 801, 802].filter((days) => isKept(day + days * DAY))
  expect(kept).toEqual([2, 801, 802])
})
