import { recordDigest } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { pageGrowth } from '@hours/protocol'
import { detect, type Sample } from '@hours/sensing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bench, createBench, start, statesOf, tasmota, testConfig } from './gateway.fixture.ts'

const M = 60_000
const settings = testConfig().instruments[0]!

/** Readings every 10 s for `ms`; `watts` says what is drawn at each. */
async function feed(bench: Bench, ms: number, watts: (at: number) => number) {
  for (const end = bench.clock.wall() + ms; bench.clock.wall() < end; ) {
    bench.watts(watts(bench.clock.wall()))
    await bench.pass(10_000)
  }
}

describe('pages', () => {
  it('are whole multiples of their length, touch, are chained, and are sealed when their states are final', async () => {
    const bench = createBench()
    bench.begin()
    await feed(bench, 6 * M, (at) => (at < start + 2 * M ? 0 : 800))
    expect(bench.peer.pages()).toEqual([])
    await feed(bench, 20 * M, () => 800)
    const pages = bench.peer.pages()
    expect(pages.map(({ from, to }) => [(from - start) / M, (to - start) / M])).toEqual([
      [0, 5],
      [5, 10],
      [10, 15],
      [15, 20],
    ])
    expect(pages.map(({ seq }) => seq)).toEqual([0, 1, 2, 3])
    for (const [i, page] of pages.entries())
      expect(page.prev).toBe(i === 0 ? null : recordDigest(bench.peer.logged()[i - 1]!, nodeCrypto.sha256))
    expect(pages[0]!.instruments[0]!.spans).toEqual([
      ['off', 0, 2 * M],
      ['run', 2 * M, 5 * M],
    ])
    expect(pages.map(({ mono }) => mono[1] - mono[0])).toEqual([5 * M, 5 * M, 5 * M, 5 * M])
  })

  it('state counters that grow by exactly what their spans say, and account for what is off', async () => {
    const bench = createBench({
      config: testConfig({ instruments: [tasmota('sem-01', 'pow1'), tasmota('xrd-01', 'pow2')] }),
    })
    bench.begin()
    await feed(bench, 30 * M, (at) => {
      bench.watts(0, 'pow2')
      return Math.floor(at / (7 * M)) % 2 === 0 ? 50 : 900
    })
    const [onMs, runMs] = [0, 0]
    let sums = { onMs, runMs }
    for (const page of bench.peer.pages()) {
      const [sem, xrd] = page.instruments
      const growth = pageGrowth(sem!.spans)
      sums = { onMs: sums.onMs + growth.onMs, runMs: sums.runMs + growth.runMs }
      expect({ onMs: sem!.onMs, runMs: sem!.runMs }).toEqual(sums)
      expect(xrd!.spans).toEqual([['off', 0, 5 * M]])
      expect(sem!.samples).toBe(30)
    }
    expect(sums.runMs).toBeGreaterThan(0)
  })

  it('of flapping instruments that are too long leave spans and counters out together', async () => {
    const ids = Array.from(
      { length: 16 },
      (_, i) => `flapping-instrument-with-long-name-${String(i).padStart(2, '0')}`,
    )
    const instruments = ids.map((id) => tasmota(id, id, { dwellMs: 0, maxGapMs: 30_000 }))
    const bench = createBench({ config: testConfig({ instruments }) })
    bench.begin()
    for (let t = 0; t < 700; t++) {
      for (const id of ids) bench.watts(t % 2 === 0 ? 0 : 800, id)
      await bench.pass(1_000)
    }
    const page = bench.peer.pages()[1]!
    expect(bench.peer.logged()[1]!.length).toBeLessThan(65_536)
    expect(page.instruments.some(({ spans }) => spans.length === 0)).toBe(true)
    expect(bench.gateway.status().alarms?.some((alarm) => alarm.startsWith('page_too_long:'))).toBe(true)
    const [first, second] = bench.peer.pages()
    for (const [i, { spans, onMs }] of second!.instruments.entries())
      expect(onMs - first!.instruments[i]!.onMs).toBe(pageGrowth(spans).onMs)
  })
})

describe('the source port', () => {
  it('takes duplicates and reordered readings without counting anything twice', async () => {
    const [plain, mixed] = [createBench(), createBench()]
    plain.begin()
    mixed.begin()
    const said = (bench: Bench, at: number, watts: number) => {
      const payload = `{"Time":"${new Date(at).toISOString().slice(0, 19)}Z","ENERGY":{"Power":${watts}}}`
      bench.gateway.handleLocal('tele/pow1/SENSOR', Buffer.from(payload), bench.clock.wall())
    }
    let before: [number, number] | undefined
    for (let t = 0; t < 120; t++) {
      const now: [number, number] = [start + t * 10_000, t % 40 < 20 ? 40 : 700]
      said(plain, ...now)
      said(mixed, ...now)
      said(mixed, ...now)
      if (before) said(mixed, ...before)
      before = now
      await plain.pass(10_000)
      await mixed.pass(10_000)
    }
    const states = (bench: Bench) => statesOf(bench.peer.pages(), start, start + 15 * M)
    expect(states(mixed)).toEqual(states(plain))
    expect(mixed.peer.pages()[0]!.instruments[0]!.rejected).toBeGreaterThan(50)
    expect(mixed.peer.pages()[0]!.instruments[0]!.mwh).toBe(plain.peer.pages()[0]!.instruments[0]!.mwh)
  })

  it('keeps silence, refusals and a lost plug visible, and their time unknown', async () => {
    const bench = createBench()
    bench.begin()
    await feed(bench, 5 * M, () => 800)
    bench.gateway.handleLocal('tele/pow1/LWT', Buffer.from('Offline'))
    for (let i = 0; i < 3; i++)
      bench.gateway.handleLocal('tele/pow1/SENSOR', Buffer.from('{"ENERGY":{"Power":"much"}}'))
    await bench.pass(15 * M)
    expect([...bench.alarms].sort()).toEqual([
      'source_offline:sem-01',
      'source_refused:sem-01:bad_field',
      'source_silent:sem-01',
    ])
    expect(bench.gateway.status().instruments).toMatchObject({
      'sem-01': ['unknown', start + 290_000, 800_000],
    })
    expect(statesOf(bench.peer.pages(), start, start + 15 * M)).toEqual([
      { state: 'run', from: start, to: start + 290_000 },
      { state: 'unknown', from: start + 290_000, to: start + 15 * M },
    ])
    bench.gateway.handleLocal('tele/pow1/LWT', Buffer.from('Online'))
    bench.watts(800)
    await bench.pass(10_000)
    expect([...bench.alarms]).toEqual([])
  })

  it('calls a running power that never moves for six hours stuck: from then on it is unknown, not run', async () => {
    const bench = createBench()
    bench.begin()
    await feed(bench, 7 * 60 * M, () => 800)
    expect([...bench.alarms]).toEqual(['source_stuck:sem-01'])
    const states = statesOf(bench.peer.pages(), start, start + 6.5 * 60 * M)
    expect(states.map(({ state }) => state)).toEqual(['run', 'unknown'])
    // Unknown from the last sample that counted.
    expect(states[1]!.from - start).toBeGreaterThanOrEqual(6 * 60 * M - 10_000)
    expect(states[1]!.from - start).toBeLessThan(6 * 60 * M + 30_000)
    await feed(bench, 20 * M, (at) => 800 + (at % 20_000 === 0 ? 1 : 0))
    expect([...bench.alarms]).toEqual([])
    expect(bench.gateway.status().instruments).toMatchObject({
      'sem-01': ['run', expect.any(Number), expect.any(Number)],
    })
  })

  it('names a clamp that was mounted the wrong way round: unknown, not off', async () => {
    const bench = createBench()
    bench.begin()
    await feed(bench, 5 * M, () => 800)
    await feed(bench, 15 * M, () => -800)
    expect([...bench.alarms]).toEqual(['source_reversed:sem-01'])
    expect(statesOf(bench.peer.pages(), start, start + 15 * M)).toEqual([
      { state: 'run', from: start, to: start + 290_000 },
      { state: 'unknown', from: start + 290_000, to: start + 15 * M },
    ])
    await feed(bench, 1 * M, () => 800)
    expect([...bench.alarms]).toEqual([])
  })

  it.each([
    { scale: 1, alarms: [] },
    { scale: 1.5, alarms: ['energy_differs:sem-01'] },
  ])('shows what the plug counts for itself, $scale times what was made of its readings', async (told) => {
    const bench = createBench()
    bench.begin()
    let wh = 0
    for (let i = 0; i < 6.2 * 360; i++) {
      const watts = 700 + (i % 5)
      const energy = { Power: watts, Total: Math.round(wh * told.scale) / 1_000 }
      bench.gateway.handleLocal('tele/pow1/SENSOR', Buffer.from(JSON.stringify({ ENERGY: energy })))
      wh += (watts * 10) / 3_600
      await bench.pass(10_000)
    }
    expect([...bench.alarms]).toEqual(told.alarms)
    const { ours, theirs } = bench.gateway.status().counters?.['sem-01' as never]?.energy ?? {
      ours: 0,
      theirs: 1,
    }
    expect(theirs / ours).toBeCloseTo(told.scale, 2)
  })

  it('tells what its own file says of its instruments, as long as no record does', () => {
    const bench = createBench()
    bench.begin()
    expect(bench.gateway.status()).toMatchObject({
      config: { revision: 0 },
      settings: [{ id: 'sem-01', source: { kind: 'tasmota', topic: 'pow1' }, dwellMs: 30_000 }],
    })
  })

  it('combines several sources on one instrument and shows where they contradict each other', async () => {
    const one = tasmota('sem-01', 'pow1', {
      others: [{ kind: 'tasmota', topic: 'pow2' }],
      combine: 'primary',
    })
    const bench = createBench({ config: testConfig({ instruments: [one] }) })
    bench.begin()
    await feed(bench, 12 * M, (at) => {
      bench.watts(at < start + 5 * M ? 800 : 0, 'pow2')
      return 800
    })
    expect(statesOf(bench.peer.pages(), start, start + 10 * M)).toEqual([
      { state: 'run', from: start, to: start + 5 * M },
      { state: 'unknown', from: start + 5 * M, to: start + 10 * M },
    ])
    expect(bench.alarms).toContain('source_conflict:sem-01')
  })
})

describe('a process that ends', () => {
  it('any cutting by kills and clean stops gives the states of the uncut stream', async () => {
    const cut = fc.record({
      after: fc.integer({ min: 1, max: 200 }),
      how: fc.constantFrom('kill' as const, 'stop' as const),
      downMs: fc.integer({ min: 0, max: 400 }).map((s) => s * 1_000),
    })
    const piece = fc.record({ steps: fc.integer({ min: 1, max: 40 }), watts: fc.constantFrom(0, 60, 900) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(cut, { maxLength: 4 }),
        fc.array(piece, { minLength: 1, maxLength: 12 }),
        async (cuts, plan) => {
          const bench = createBench()
          bench.begin()
          const watts = plan.flatMap(({ steps, watts: value }) => Array<number>(steps).fill(value))
          const fed: Sample[] = []
          let next = 0
          for (let n = 0; n < watts.length; n++) {
            bench.watts(watts[n]!)
            fed.push({ at: bench.clock.wall(), powerMw: watts[n]! * 1_000 })
            // Readings 7 s apart, so that they stand on no border; the journal is a second behind.
            await bench.pass(7_000)
            const now = cuts[next]
            if (!now || fed.length < now.after) continue
            next += 1
            await bench.end(now.how)
            bench.clock.advanceTo(bench.clock.wall() + now.downMs)
            bench.begin()
          }
          await bench.pass(12 * M)
          const pages = bench.peer.pages()
          const until = pages.at(-1)!.to
          const { spans } = detect(fed, settings, { from: start, to: until })
          expect(statesOf(pages, start, until)).toEqual(spans)
          for (const [i, page] of pages.entries()) {
            expect(page.seq).toBe(i)
            expect(page.boot).toBe(1)
            if (i > 0) expect(page.from).toBeGreaterThanOrEqual(pages[i - 1]!.to)
            if (i > 0) expect(page.mono[0]).toBeGreaterThanOrEqual(pages[i - 1]!.mono[1])
          }
          const last = pages.at(-1)!.instruments[0]!
          const total = pages
            .map(({ instruments }) => pageGrowth(instruments[0]!.spans).onMs)
            .reduce((a, b) => a + b, 0)
          expect(last.onMs).toBe(total)
          await bench.end('kill')
        },
      ),
      { numRuns: 25 },
    )
  })

  it('stopped at any moment of its connecting leaves no connection open, which would keep it running', async () => {
    for (let steps = 0; steps < 8; steps++) {
      const bench = createBench()
      bench.begin()
      for (let i = 0; i < steps; i++) await Promise.resolve()
      await bench.gateway.stop()
      await bench.pass(10_000)
      expect([steps, bench.peer.connections()]).toEqual([steps, 0])
    }
  })

  it('by a reboot of the machine closes its page where it was last written, with the boot it was made in', async () => {
    const bench = createBench()
    bench.begin()
    await feed(bench, 7 * M, () => 800)
    await bench.end('kill')
    bench.clock.advanceTo(bench.clock.wall() + 45_000)
    bench.begin({ bootId: 'boot-2' })
    await feed(bench, 10 * M, () => 800)
    const pages = bench.peer.pages()
    expect(pages.map(({ from, to, boot }) => [from - start, to - start, boot])).toEqual([
      [0, 300_000, 1],
      [300_000, 411_000, 1],
      [465_000, 600_000, 2],
      [600_000, 900_000, 2],
    ])
    expect(
      statesOf(pages, start, start + 15 * M).map(({ state, from, to }) => [state, from - start, to - start]),
    ).toEqual([
      ['run', 0, 410_000],
      ['unknown', 410_000, 465_000],
      ['run', 465_000, 900_000],
    ])
  })
})
