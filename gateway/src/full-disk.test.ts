import { receiptTopic } from '@hours/protocol'
import { expect, it } from 'vitest'
import { createBench, start, testConfig } from './gateway.fixture.ts'
import { openSpool, type Spool } from './spool.ts'

const { site, gateway } = testConfig()
const receipts = receiptTopic(site, gateway)
const writes = [
  'addPage',
  'addPower',
  'addSketch',
  'addJournal',
  'set',
  'setAll',
  'release',
  'releasePower',
] as const

/** The real spool on a disk that takes nothing while `full` says so: the writes throw as SQLite's do. */
function onFullDisk(spool: Spool, full: () => boolean): Spool {
  const guarded = writes.map((name) => [
    name,
    (...args: never[]) => {
      if (full()) throw new Error('database or disk is full')
      return Reflect.apply(
        (...given) => (spool[name] as (...all: unknown[]) => unknown)(...given),
        undefined,
        args,
      )
    },
  ])
  return { ...spool, ...(Object.fromEntries(guarded) as Pick<Spool, (typeof writes)[number]>) }
}

it('a disk that takes nothing ends neither the gateway nor a page: receipts and power come again when it does', async () => {
  const bench = createBench()
  let full = false
  const real = openSpool(':memory:', { maxBytes: 1e8, maxAgeDays: 30 }, () => bench.clock.wall())
  const spool = onFullDisk(real, () => full)
  bench.begin({ spool })
  const run = async (minutes: number) => {
    for (const end = bench.clock.wall() + minutes * 60_000; bench.clock.wall() < end; ) {
      bench.watts(800)
      await bench.pass(10_000)
    }
  }
  await run(17)
  const before = bench.gateway.pending()
  expect(before).toBe(3)
  full = true
  bench.peer.send(receipts, bench.peer.receipt())
  expect(bench.alarms.has('spool_failed')).toBe(true)
  // Over the turn of an hour, where calibration writes, and of several pages.
  await run(70)
  expect(bench.gateway.pending()).toBe(before)
  full = false
  await run(17)
  bench.peer.send(receipts, bench.peer.receipt())
  expect(bench.gateway.pending()).toBe(0)
  expect(bench.alarms.has('spool_failed')).toBe(false)
  const pages = bench.peer.pages()
  expect(pages.map(({ seq }) => seq)).toEqual(pages.map((_, i) => i))
  expect(pages.map(({ from }) => from)).toEqual(pages.map((_, i) => start + i * 300_000))
  await bench.end('kill')
})

it.each([7_000, -7_000])(
  'a clock that is stepped by %d ms while the disk takes nothing costs nothing of what was measured before',
  async (step) => {
    const bench = createBench()
    let full = false
    const real = openSpool(':memory:', { maxBytes: 1e8, maxAgeDays: 30 }, () => bench.clock.wall())
    bench.begin({ spool: onFullDisk(real, () => full) })
    const run = async (minutes: number) => {
      for (let i = 0; i < minutes * 6; i++) {
        bench.watts(800)
        await bench.pass(10_000)
      }
    }
    await run(17)
    full = true
    await run(70)
    bench.clock.step(step)
    await run(20)
    full = false
    await run(20)
    const pages = bench.peer.pages()
    expect(pages.map(({ seq }) => seq)).toEqual(pages.map((_, i) => i))
    for (const [i, page] of pages.entries())
      if (i > 0) expect(page.from).toBeGreaterThanOrEqual(pages[i - 1]!.to)
    const stepped = pages.find(({ clock }) => clock.steppedMs !== 0)
    expect(stepped?.clock.steppedMs).toBe(step)
    // 87 minutes less the 10 s between the last reading and the step.
    const before = pages.filter(({ seq }) => seq < stepped!.seq)
    const known = before.flatMap(({ instruments }) => instruments[0]!.spans)
    expect(known.reduce((sum, [, from, to]) => sum + to - from, 0)).toBeGreaterThanOrEqual(
      87 * 60_000 - 10_000,
    )
    await bench.end('kill')
  },
)
