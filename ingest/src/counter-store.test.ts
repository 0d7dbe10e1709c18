import { type CounterTally, DAY, HOUR, type InstrumentKey } from '@hours/protocol'
import { expect, it } from 'vitest'
import { createCounterStore } from './counter-store.ts'
import { openOperations } from './operations.ts'

const key = 'gz/sem-01' as InstrumentKey
const other = 'gz/nmr-01' as InstrumentKey
const day = Date.UTC(2026, 0, 5)
const tally = (from: number, hours: number, mwh = hours): CounterTally => ({
  ...{ from, to: from + hours * HOUR, energy: { ours: mwh, theirs: mwh + 1 }, on: null, run: null },
})

it('keeps the newest word on each day, over a restart, and another instrument’s apart', () => {
  const db = openOperations(':memory:')
  const store = createCounterStore(db)
  const energyOf = (from: typeof store, of = key, begin = day, to = day + 2 * DAY) => {
    const { tallies, energy } = from.sum(of, begin, to)
    return [tallies, energy?.ours, energy?.theirs]
  }
  expect(energyOf(store)).toEqual([0, undefined, undefined])
  for (const hours of [1, 5, 23]) store.put(key, tally(day, hours))
  store.put(other, tally(day, 9))
  expect(energyOf(store)).toEqual([1, 23, 24])
  store.flush()
  store.put(key, tally(day, 24))
  store.put(key, tally(day + DAY, 1))
  expect(energyOf(store)).toEqual([2, 25, 27])
  store.flush()
  expect(energyOf(store)).toEqual([2, 25, 27])
  const again = createCounterStore(db)
  expect(energyOf(again)).toEqual([2, 25, 27])
  // A day is of the period that it begins in.
  expect(energyOf(again, key, day + 1, day + DAY)).toEqual([0, undefined, undefined])
  expect(energyOf(again, other)).toEqual([1, 9, 10])
  expect(again.sum(key, day, day + DAY)).toMatchObject({ on: null, run: null })
})

it('takes nothing that is no day’s tally, and lets go of what is older than 800 days', () => {
  const db = openOperations(':memory:')
  const store = createCounterStore(db)
  store.put(key, { ...tally(day, 1), to: day })
  store.put(key, tally(day, 48))
  store.put(key, { ...tally(day, 3), energy: null })
  expect(store.sum(key, 0, day + DAY).tallies).toBe(0)
  store.put(key, tally(day, 3))
  store.flush()
  store.put(key, tally(day + 801 * DAY, 3))
  store.flush()
  expect(store.sum(key, 0, day + DAY).tallies).toBe(0)
  expect(store.sum(key, 0, day + 900 * DAY).tallies).toBe(1)
})
