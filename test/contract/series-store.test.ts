import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createEmbeddedSeries,
  createInfluxSeries,
  SeriesError,
  type SeriesPoint,
  type SeriesStore,
} from '@hours/ingest'
import { DAY, HOUR, type InstrumentKey, MINUTE } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasInfluxd, startInfluxd } from './influxd.fixture.ts'

/** One suite for every adapter; `INFLUX_URL` (with `INFLUX_TOKEN`) adds any server of any generation. */
interface Adapter {
  readonly name: string
  readonly skip: boolean
  open: () => Promise<{ store: SeriesStore; close: () => Promise<void> }>
}

const start = Date.UTC(2025, 2, 3)
/** Runs on a server that is kept must not meet points of the run before. */
const run = `r${Date.now().toString(36)}`
const key = `${run}/sem-01` as InstrumentKey

const adapters: readonly Adapter[] = [
  {
    name: 'embedded',
    skip: false,
    open: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'hours-series-'))
      const store = createEmbeddedSeries(join(folder, 'series.sqlite'))
      return {
        store,
        close: async () => {
          await store.close()
          rmSync(folder, { recursive: true })
        },
      }
    },
  },
  {
    name: 'influxd of Debian (1.6.7)',
    skip: !hasInfluxd,
    open: async () => {
      const influxd = await startInfluxd()
      const store = createInfluxSeries({ url: influxd.url })
      return {
        store,
        close: async () => {
          await store.close()
          await influxd.remove()
        },
      }
    },
  },
  {
    name: `INFLUX_URL ${process.env['INFLUX_URL'] ?? '(not set)'}`,
    skip: process.env['INFLUX_URL'] === undefined,
    open: async () => {
      const token = process.env['INFLUX_TOKEN']
      const store = createInfluxSeries({
        url: process.env['INFLUX_URL']!,
        database: process.env['INFLUX_DATABASE'] ?? 'hours_contract',
        ...(token === undefined ? {} : { token }),
      })
      return { store, close: () => store.close() }
    },
  },
]

const tags = (instrument = 'sem-01') => ({ site: run, instrument })
const state = (at: number, is: string, instrument?: string): SeriesPoint => ({
  measurement: 'state',
  tags: tags(instrument),
  fields: { state: { s: is }, seq: { i: 1 }, gateway: { s: 'gw-1' } },
  at,
})
const power = (at: number, w: number, instrument?: string): SeriesPoint => ({
  measurement: 'power',
  tags: tags(instrument),
  fields: { w: { f: w }, wmin: { f: w - 1 }, wmax: { f: w + 1 }, wh: { f: w / 60 } },
  at,
})
const daily = (at: number, runMs: number, instrument?: string): SeriesPoint => ({
  measurement: 'usage_daily',
  tags: tags(instrument),
  fields: {
    off_ms: { i: 0 },
    standby_ms: { i: 0 },
    run_ms: { i: runMs },
    fault_ms: { i: 0 },
    unknown_ms: { i: DAY - runMs },
    effective_ms: { i: runMs },
    external_ms: { i: 0 },
    revision: { i: 7 },
  },
  at,
})

describe.each(adapters.filter(({ skip }) => !skip))('the series store on $name', ({ open }) => {
  let store: SeriesStore
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ store, close } = await open())
  })
  afterAll(async () => close())

  it('has what was written when write resolves, however much it was', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => power(start + i * MINUTE, 100 + (i % 7), 'big-01'))
    await store.write(many)
    const read = await store.power(`${run}/big-01` as InstrumentKey, start, start + 20_000 * MINUTE, MINUTE)
    expect(read).toHaveLength(20_000)
    expect(read[6]).toEqual({ at: start + 6 * MINUTE, mean: 106_000, min: 105_000, max: 107_000 })
  })

  it('gives the state that held at the begin, then each that follows, to the millisecond', async () => {
    await store.write([state(start, 'off'), state(start + 61_001, 'run'), state(start + HOUR, 'unknown')])
    expect(await store.states(key, start + 1, start + HOUR + 1)).toEqual([
      { at: start, state: 'off' },
      { at: start + 61_001, state: 'run' },
      { at: start + HOUR, state: 'unknown' },
    ])
    expect(await store.states(key, start + HOUR, start + 2 * HOUR)).toEqual([
      { at: start + HOUR, state: 'unknown' },
    ])
    expect(await store.states(key, start - DAY, start)).toEqual([])
  })

  it('writes again what it has: nothing doubles, the later value stands', async () => {
    const at = start + 10 * DAY
    await store.write([daily(at, HOUR), daily(at + DAY, HOUR)])
    await store.write([daily(at, 2 * HOUR)])
    await store.write([daily(at, 2 * HOUR)])
    const days = await store.daily([key], at, at + 2 * DAY)
    expect(
      days.map(({ at, fields }) => [at, fields['run_ms'], fields['unknown_ms'], fields['external_ms']]),
    ).toEqual([
      [at, 2 * HOUR, 22 * HOUR, 0],
      [at + DAY, HOUR, 23 * HOUR, 0],
    ])
  })

  it('means power over steps that begin where asked', async () => {
    const from = start + 20 * DAY + 30_000
    await store.write([
      power(from, 10, 'odd-01'),
      power(from + MINUTE, 20, 'odd-01'),
      power(from + 5 * MINUTE, 60, 'odd-01'),
    ])
    expect(await store.power(`${run}/odd-01` as InstrumentKey, from, from + 10 * MINUTE, 5 * MINUTE)).toEqual(
      [
        { at: from, mean: 15_000, min: 9_000, max: 21_000 },
        { at: from + 5 * MINUTE, mean: 60_000, min: 59_000, max: 61_000 },
      ],
    )
  })

  it('knows the latest state of every instrument, and days of many at once', async () => {
    const keys = Array.from({ length: 120 }, (_, i) => `${run}/many-${i}` as InstrumentKey)
    const at = start + 30 * DAY
    await store.write(keys.flatMap((_, i) => [state(at + i, 'run', `many-${i}`), daily(at, i, `many-${i}`)]))
    await store.write([state(at + DAY, 'fault', 'many-5')])
    const latest = new Map((await store.latest()).map((one) => [one.key, one]))
    expect(latest.get(keys[5]!)).toEqual({ key: keys[5], at: at + DAY, state: 'fault' })
    expect(latest.get(keys[119]!)).toEqual({ key: keys[119], at: at + 119, state: 'run' })
    const days = await store.daily(keys, at, at + DAY)
    expect(days.reduce((sum, { fields }) => sum + fields['run_ms']!, 0)).toBe((119 * 120) / 2)
  })

  it.each([
    [
      'a newline in a tag',
      { ...state(start, 'run'), tags: { site: 'a\npower,site=x w=1', instrument: 'b' } },
    ],
    ['a comma and a blank in a tag', { ...state(start, 'run'), tags: { site: 'a,b=c d', instrument: 'b' } }],
    ['a tag too many', { ...state(start, 'run'), tags: { ...tags(), user: 'u1' } }],
    ['a field of another type', { ...state(start, 'run'), fields: { state: { i: 1 } } }],
    ['a field nobody knows', { ...state(start, 'run'), fields: { __proto__x: { i: 1 } } }],
    ['a measurement nobody knows', { ...state(start, 'run'), measurement: 'constructor' }],
    ['not a number', power(start, Number.NaN)],
    ['a fraction of a millisecond', state(start + 0.5, 'run')],
  ])('refuses %s by name and stores nothing of that batch', async (_, bad) => {
    const other = `${run}/other` as InstrumentKey
    const refused = store.write([state(start, 'run', 'other'), bad as SeriesPoint])
    await expect(refused).rejects.toMatchObject({ code: 'bad_point' })
    await expect(refused).rejects.toBeInstanceOf(SeriesError)
    expect(await store.states(other, start, start + DAY)).toEqual([])
  })

  it('keeps quotes, backslashes and newlines of a text field as they are and reads no key that is no id', async () => {
    const gateway = 'a "quoted" \\ back\nslash,=\n'
    await store.write([
      {
        ...state(start, 'run', 'text-01'),
        fields: { state: { s: gateway }, seq: { i: 1 }, gateway: { s: 'g' } },
      },
    ])
    const [row] = await store.states(`${run}/text-01` as InstrumentKey, start, start + 1)
    expect(row?.state).toBe(gateway)
    const crafted = `${run}/x' OR '1'='1` as InstrumentKey
    expect(await store.states(crafted, 0, start * 2).catch(() => [])).toEqual([])
  })
})
