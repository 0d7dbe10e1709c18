import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createEmbeddedSeries,
  createInfluxSeries,
  createSeriesOutbox,
  type InfluxSeries,
  SeriesError,
  type SeriesPoint,
  type SeriesStore,
} from '@hours/ingest'
import { createManualClock, HOUR, type InstrumentKey, MINUTE, systemClock } from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hasInfluxd, type Influxd, startInfluxd } from './influxd.fixture.ts'

const start = Date.UTC(2025, 2, 3)
const key = 'gz/sem-01' as InstrumentKey
const power = (i: number, w = i): SeriesPoint => ({
  measurement: 'power',
  tags: { site: 'gz', instrument: 'sem-01' },
  fields: { w: { f: w }, wmin: { f: w }, wmax: { f: w }, wh: { f: 0 } },
  at: start + i * MINUTE,
})

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hours-outbox-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const file = () => join(folder, 'outbox.sqlite')

/** The embedded store behind a door that can be shut. */
function gated() {
  const store = createEmbeddedSeries(join(folder, 'series.sqlite'))
  const gate: { fault: SeriesError | undefined; bad: (point: SeriesPoint) => boolean; writes: number[] } = {
    fault: undefined,
    bad: () => false,
    writes: [],
  }
  const door: SeriesStore = {
    ...store,
    write: (points) => {
      if (gate.fault) return Promise.reject(gate.fault)
      gate.writes.push(points.length)
      const bad = points.find(gate.bad)
      if (bad) return Promise.reject(new SeriesError('partly_stored', 'field type conflict on w'))
      return store.write(points)
    },
  }
  return { store, door, gate }
}

describe('the outbox', () => {
  it('keeps points while the store is away, says so in plain words, and brings each once it is back', async () => {
    const clock = createManualClock(start)
    const { store, door, gate } = gated()
    gate.fault = new SeriesError('away', 'InfluxDB at x does not answer')
    const outbox = createSeriesOutbox({ path: file(), store: door, clock, random: () => 1 })
    for (let i = 0; i < 50; i++) outbox.put([power(i)])
    await vi.waitFor(() => expect(outbox.state().failing).toMatch(/does not answer/))
    expect(outbox.state()).toMatchObject({ pending: 50, oldest: start, quarantined: 0, dropped: 0 })
    clock.advanceTo(start + 24 * HOUR)
    await vi.waitFor(() => expect(outbox.state().failing).toMatch(/does not answer/))
    gate.fault = undefined
    await vi.waitFor(() => {
      clock.advanceTo(clock.wall() + MINUTE)
      expect(outbox.state()).toMatchObject({ pending: 0, failing: null, oldest: null })
    })
    expect(await store.power(key, start, start + HOUR, MINUTE)).toHaveLength(50)
    await outbox.close()
    await store.close()
  })

  it('survives a restart with everything in it, and the later of two values of one time stands', async () => {
    const clock = createManualClock(start)
    const { store, door, gate } = gated()
    gate.fault = new SeriesError('away', 'gone')
    const first = createSeriesOutbox({ path: file(), store: door, clock })
    first.put([power(1, 10), power(2, 20)])
    first.put([power(1, 11)])
    await first.close()
    gate.fault = undefined
    const second = createSeriesOutbox({ path: file(), store: door, clock })
    await second.flush()
    expect((await store.power(key, start, start + HOUR, MINUTE)).map(({ mean }) => mean)).toEqual([
      11_000, 20_000,
    ])
    await second.close()
    await store.close()
  })

  it('finds the one bad line of thousands, keeps it with the reason, and stores all others', async () => {
    const { store, door, gate } = gated()
    gate.bad = ({ at }) => at === start + 3_333 * MINUTE
    const outbox = createSeriesOutbox({ path: file(), store: door, clock: systemClock })
    outbox.put(Array.from({ length: 5_000 }, (_, i) => power(i)))
    await outbox.flush()
    expect(outbox.state()).toMatchObject({ pending: 0, quarantined: 1, failing: null })
    expect(outbox.quarantined(10)).toMatchObject([
      { reason: expect.stringMatching(/conflict/) as string, point: power(3_333) },
    ])
    expect(await store.power(key, start, start + 5_000 * MINUTE, MINUTE)).toHaveLength(4_999)
    expect(gate.writes.length).toBeLessThan(40)
    await outbox.close()
    await store.close()
  })

  it('never sends a point that is none: it is set aside at once', async () => {
    const { store, door } = gated()
    const outbox = createSeriesOutbox({ path: file(), store: door, clock: systemClock })
    outbox.put([{ ...power(1), tags: { site: 'a\nforged,x=y w=1', instrument: 'b' } }, power(2)])
    await outbox.flush()
    expect(outbox.state()).toMatchObject({ quarantined: 1, pending: 0 })
    await outbox.close()
    await store.close()
  })

  it('is bounded on disk: the oldest points go first and are counted', async () => {
    const clock = createManualClock(start)
    const { store, door, gate } = gated()
    gate.fault = new SeriesError('away', 'gone')
    const outbox = createSeriesOutbox({ path: file(), store: door, clock, maxBytes: 100_000 })
    for (let i = 0; i < 100; i++) {
      clock.advanceTo(start + i * 100 * MINUTE)
      outbox.put(Array.from({ length: 100 }, (_, j) => power(i * 100 + j)))
    }
    const { pending, dropped, bytes, oldest } = outbox.state()
    expect(pending + dropped).toBe(10_000)
    expect(bytes).toBeLessThanOrEqual(100_000)
    expect(oldest).toBe(start + dropped * MINUTE)
    await outbox.close()
    await store.close()
  })
})

describe('what the outbox and the embedded store keep', () => {
  const lag = (outbox: ReturnType<typeof createSeriesOutbox>) => outbox.state().lacking

  it('is set aside when it is damaged, begun anew, and said to lack what came before until it is rebuilt', async () => {
    for (const name of ['outbox.sqlite', 'series.sqlite'])
      writeFileSync(join(folder, name), 'x'.repeat(8_192))
    const store = createEmbeddedSeries(join(folder, 'series.sqlite'))
    const outbox = createSeriesOutbox({ path: file(), store, clock: systemClock })
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(['outbox.sqlite.damaged-1', 'series.sqlite.damaged-1']),
    )
    outbox.put([power(1)])
    await outbox.flush()
    expect(await store.power(key, start, start + HOUR, MINUTE)).toHaveLength(1)
    expect(lag(outbox)).toMatch(/series\.sqlite was damaged and lies in .*series\.sqlite\.damaged-1 now/)
    await outbox.close()
    await store.close()
    const again = createEmbeddedSeries(join(folder, 'series.sqlite'))
    const second = createSeriesOutbox({ path: file(), store: again, clock: systemClock })
    expect(lag(second)).toMatch(/was damaged/)
    second.rebuilt()
    expect(lag(second)).toBeNull()
    await second.close()
    await again.close()
  })

  it('is found damaged behind its first pages too', async () => {
    const { store, door, gate } = gated()
    gate.fault = new SeriesError('away', 'gone')
    const first = createSeriesOutbox({ path: file(), store: door, clock: systemClock })
    for (let i = 0; i < 20; i++) first.put(Array.from({ length: 1_000 }, (_, j) => power(1_000 * i + j)))
    await first.close()
    const torn = openSync(file(), 'r+')
    for (let at = 5 * 4_096; at < statSync(file()).size; at += 4_096)
      writeSync(torn, Buffer.alloc(512, 7), 0, 512, at)
    closeSync(torn)
    gate.fault = undefined
    const second = createSeriesOutbox({ path: file(), store: door, clock: systemClock })
    expect(lag(second)).toMatch(/outbox\.sqlite was damaged/)
    second.put([power(1)])
    await second.flush()
    expect(second.state().pending).toBe(0)
    await second.close()
    await store.close()
  })

  it('is said to lack the past when another store is named than before', async () => {
    const { store } = gated()
    const first = createSeriesOutbox({ path: file(), store, clock: systemClock })
    expect(lag(first)).toBeNull()
    await first.close()
    const other = { ...store, name: 'InfluxDB at http://influx:8086, hours' }
    const second = createSeriesOutbox({ path: file(), store: other, clock: systemClock })
    expect(lag(second)).toBe(
      'The series went to the embedded store before; InfluxDB at http://influx:8086, hours has what came since.',
    )
    await second.close()
    await store.close()
  })

  it('gives its disk back when a long outage is over', async () => {
    const { store, door, gate } = gated()
    gate.fault = new SeriesError('away', 'gone')
    const outbox = createSeriesOutbox({
      path: file(),
      store: { ...door, write: () => (gate.fault ? Promise.reject(gate.fault) : Promise.resolve()) },
      clock: systemClock,
      rest: 0,
    })
    for (let i = 0; i < 40; i++) outbox.put(Array.from({ length: 10_000 }, (_, j) => power(10_000 * i + j)))
    const bytes = () =>
      ['', '-wal'].reduce(
        (sum, end) => sum + (statSync(file() + end, { throwIfNoEntry: false })?.size ?? 0),
        0,
      )
    const most = bytes()
    expect(most).toBeGreaterThan(20e6)
    gate.fault = undefined
    await outbox.flush()
    await outbox.close()
    expect(bytes()).toBeLessThan(18e6)
    await store.close()
  })
})

describe.runIf(hasInfluxd)('the outbox before a real influxd', () => {
  let influxd: Influxd
  let series: InfluxSeries
  beforeEach(async () => {
    influxd = await startInfluxd()
    series = createInfluxSeries({ url: influxd.url, timeoutMs: 2_000 })
  })
  afterEach(async () => influxd.remove())

  const stored = async () => {
    const [row] = await series.query('SELECT count("w") AS "n", sum("w") AS "sum" FROM "power"')
    return { n: Number(row?.['n'] ?? 0), sum: Number(row?.['sum'] ?? 0) }
  }

  it.each(['kill', 'stop'] as const)(
    'loses nothing when influxd is ended with %s under load',
    async (how) => {
      const outbox = createSeriesOutbox({
        path: file(),
        store: series,
        clock: systemClock,
        batch: 1_000,
        rest: 0,
      })
      const total = 40_000
      let put = 0
      const load = (async () => {
        for (; put < total; put += 200) {
          outbox.put(Array.from({ length: 200 }, (_, j) => power(put + j)))
          await new Promise((resolve) => setImmediate(resolve))
        }
      })()
      await vi.waitFor(() => expect(put - outbox.state().pending).toBeGreaterThan(2_000), { interval: 2 })
      await influxd[how]()
      await load
      await vi.waitFor(() => expect(outbox.state().failing).toMatch(/does not answer|no answer/), {
        timeout: 10_000,
      })
      await influxd.start()
      await vi.waitFor(async () => outbox.flush(), { timeout: 20_000 })
      expect(await stored()).toEqual({ n: total, sum: (total * (total - 1)) / 2 })
      expect(outbox.state()).toMatchObject({ pending: 0, quarantined: 0, dropped: 0, failing: null })
      await outbox.close()
    },
  )

  it('waits out a server that hangs, without holding up whoever puts', async () => {
    await series.setUp()
    const outbox = createSeriesOutbox({ path: file(), store: series, clock: systemClock })
    influxd.freeze()
    const begun = performance.now()
    for (let i = 0; i < 1_000; i++) outbox.put([power(i)])
    expect(performance.now() - begun).toBeLessThan(2_000)
    await vi.waitFor(() => expect(outbox.state().failing).toMatch(/no answer in time|does not answer/), {
      timeout: 10_000,
    })
    influxd.thaw()
    await vi.waitFor(async () => outbox.flush(), { timeout: 20_000 })
    expect((await stored()).n).toBe(1_000)
    await outbox.close()
  })

  it('names a field that somebody else wrote in another type, and a measurement that is not ours', async () => {
    await series.setUp()
    const write = (line: string) => fetch(`${influxd.url}/write?db=hours`, { method: 'POST', body: line })
    await write('power,site=gz,instrument=sem-01 w="many" 1741000000000000000')
    await write('cpu,host=x value=1')
    expect(await series.foreign()).toEqual([
      'database hours holds measurement "cpu", which is not ours',
      'field w of power is string there and float here',
    ])
    const outbox = createSeriesOutbox({ path: file(), store: series, clock: systemClock })
    const fine: SeriesPoint = {
      measurement: 'state',
      tags: { site: 'gz', instrument: 'sem-01' },
      fields: { state: { s: 'run' }, seq: { i: 1 }, gateway: { s: 'gw' } },
      at: start,
    }
    // In the shard of the foreign point: types are kept shard by shard.
    outbox.put([fine, { ...power(0), at: 1_741_000_000_001 }])
    await outbox.flush()
    expect(outbox.quarantined(1)[0]?.reason).toMatch(/field w of measurement power is string.*somebody else/)
    expect(await series.latest()).toEqual([{ key, at: start, state: 'run' }])
    await outbox.close()
  })

  it('sets a whole measurement that somebody else writes in another type aside at once, not point by point', async () => {
    await series.setUp()
    const foreign = `power,site=gz,instrument=sem-01 w="x" ${start}000000`
    await fetch(`${influxd.url}/write?db=hours`, { method: 'POST', body: foreign })
    const sent: number[] = []
    const store: SeriesStore = {
      ...series,
      write(points) {
        sent.push(points.length)
        return series.write(points)
      },
    }
    const outbox = createSeriesOutbox({ path: file(), store, clock: systemClock, rest: 0 })
    outbox.put(Array.from({ length: 3_000 }, (_, i) => power(i + 1)))
    await outbox.flush()
    const { quarantined, reasons, foreign: others } = outbox.state()
    expect(quarantined).toBe(3_000)
    expect(sent.length).toBeLessThan(10)
    expect(reasons).toEqual([
      { points: 3_000, reason: expect.stringMatching(/^field w of measurement power is string/) as string },
    ])
    expect(others).toEqual(['field w of power is string there and float here'])
    await outbox.close()
  })

  it('waits where the server takes no more series, and counts what is older than the server keeps', async () => {
    const full = await startInfluxd({
      INFLUXDB_DATA_INDEX_VERSION: 'inmem',
      INFLUXDB_DATA_MAX_SERIES_PER_DATABASE: '3',
    })
    try {
      const store = createInfluxSeries({ url: full.url })
      const outbox = createSeriesOutbox({ path: file(), store, clock: systemClock, rest: 0 })
      outbox.put(
        Array.from({ length: 5 }, (_, i) => ({ ...power(0), tags: { site: 'gz', instrument: `i-${i}` } })),
      )
      await expect(outbox.flush()).rejects.toMatchObject({ code: 'refused' })
      expect(outbox.state()).toMatchObject({
        pending: 5,
        quarantined: 0,
        failing: expect.stringMatching(/max-series-per-database = 0/) as string,
      })
      await outbox.close()
    } finally {
      await full.remove()
    }
    const create = 'CREATE DATABASE kept WITH DURATION 30d SHARD DURATION 1d'
    await fetch(`${influxd.url}/query?q=${encodeURIComponent(create)}`, { method: 'POST' })
    const store = createInfluxSeries({ url: influxd.url, database: 'kept' })
    const outbox = createSeriesOutbox({
      path: join(folder, 'kept.sqlite'),
      store,
      clock: systemClock,
      rest: 0,
    })
    const recent = Math.floor(Date.now() / MINUTE) * MINUTE
    outbox.put([...Array.from({ length: 2_000 }, (_, i) => power(i)), { ...power(1), at: recent }])
    await outbox.flush()
    expect(outbox.state()).toMatchObject({ pending: 0, quarantined: 0, expired: 2_000 })
    expect(await store.power(key, recent, recent + MINUTE, MINUTE)).toHaveLength(1)
    await outbox.close()
  })

  it('takes name and password out of an address, and shows them to nobody', async () => {
    const guarded = await startInfluxd({ INFLUXDB_HTTP_AUTH_ENABLED: 'true' })
    try {
      const admin = `CREATE USER "hours" WITH PASSWORD 'se#cret' WITH ALL PRIVILEGES`
      await fetch(`${guarded.url}/query?q=${encodeURIComponent(admin)}`, { method: 'POST' })
      const url = guarded.url.replace('//', '//hours:se%23cret@')
      const store = createInfluxSeries({ url })
      await store.write([power(1)])
      expect(await store.power(key, start, start + HOUR, MINUTE)).toHaveLength(1)
      expect(store.name).not.toContain('cret')
      await guarded.stop()
      await expect(store.write([power(2)])).rejects.toThrow(/^(?!.*cret).*does not answer/)
    } finally {
      await guarded.remove()
    }
  })

  it('makes its database with one shard for 52 weeks and keeps what is there', async () => {
    await series.setUp()
    const rows = await series.query('SHOW RETENTION POLICIES')
    expect(rows).toMatchObject([
      { name: 'hours', duration: '0s', shardGroupDuration: '8736h0m0s', default: true },
    ])
    await series.write([power(1)])
    await createInfluxSeries({ url: influxd.url }).setUp()
    expect((await stored()).n).toBe(1)
  })

  it('is refused without a password where one is wanted, in plain words, and goes on once it has it', async () => {
    const guarded = await startInfluxd({ INFLUXDB_HTTP_AUTH_ENABLED: 'true' })
    try {
      const admin = `CREATE USER "hours" WITH PASSWORD 'secret' WITH ALL PRIVILEGES`
      await fetch(`${guarded.url}/query?q=${encodeURIComponent(admin)}`, { method: 'POST' })
      const without = createSeriesOutbox({
        path: file(),
        store: createInfluxSeries({ url: guarded.url }),
        clock: systemClock,
      })
      without.put([power(1)])
      await expect(without.flush()).rejects.toMatchObject({ code: 'refused' })
      expect(without.state()).toMatchObject({
        pending: 1,
        failing: expect.stringMatching(/refuses our token or password/) as string,
      })
      await without.close()
      const store = createInfluxSeries({ url: guarded.url, username: 'hours', password: 'secret' })
      const admitted = createSeriesOutbox({ path: file(), store, clock: systemClock })
      await admitted.flush()
      expect(await store.power(key, start, start + HOUR, MINUTE)).toHaveLength(1)
      await admitted.close()
    } finally {
      await guarded.remove()
    }
  })
})
