import { describe, expect, it } from 'vitest'
import { createBench, start, statesOf, type Bench } from './gateway.fixture.ts'
import type { ClockSync } from './time-keeper.ts'

const M = 60_000
const H = 3_600_000

async function run(bench: Bench, ms: number) {
  for (const end = bench.clock.monotonic() + ms; bench.clock.monotonic() < end; ) {
    bench.watts(800)
    await bench.pass(10_000)
  }
}
const bounds = (bench: Bench) => bench.peer.pages().map(({ from, to }) => [from - start, to - start])
const sumOf = (bench: Bench, state: string, to: number) =>
  statesOf(bench.peer.pages(), start, to)
    .filter((span) => span.state === state)
    .reduce((sum, span) => sum + span.to - span.from, 0)

/** A clock whose synchronisation the test decides. */
function syncOf(bench: { clock: { monotonic(): number } }, syncedAt: number | null) {
  const state = { syncedAt }
  return {
    sync: (): ClockSync => ({ source: 'chrony', offsetMs: 1, errorMs: 5, syncedAt: state.syncedAt }),
    now: () => (state.syncedAt = bench.clock.monotonic()),
  }
}

describe('a stepped wall clock', () => {
  it('forward: closes the page at once, the next has its own anchor and names the step', async () => {
    const bench = createBench()
    bench.begin()
    await run(bench, 7 * M)
    bench.clock.step(2 * H)
    await run(bench, 10 * M)
    const pages = bench.peer.pages()
    expect(bounds(bench).slice(0, 3)).toEqual([
      [0, 5 * M],
      [5 * M, 7 * M],
      [7 * M + 2 * H, 10 * M + 2 * H],
    ])
    expect(pages.map(({ clock }) => clock.steppedMs)).toEqual([0, 0, 2 * H, 0])
    expect(pages[2]!.mono[0]).toBe(pages[1]!.mono[1])
    // The hours that never were are unknown; 17 minutes passed, and the page that is open has the last two.
    expect(sumOf(bench, 'run', start + 3 * H)).toBeLessThanOrEqual(15 * M)
    expect(sumOf(bench, 'run', start + 3 * H)).toBeGreaterThan(14 * M)
  })

  it('backward: counts nothing twice; pages begin where the last one ended', async () => {
    const bench = createBench()
    bench.begin()
    await run(bench, 20 * M)
    bench.clock.step(-10 * M)
    await run(bench, 30 * M)
    const pages = bench.peer.pages()
    for (const [i, page] of pages.entries())
      if (i > 0) expect(page.from).toBeGreaterThanOrEqual(pages[i - 1]!.to)
    const to = pages.at(-1)!.to
    expect(sumOf(bench, 'run', to)).toBeLessThanOrEqual(to - start)
    expect(pages.at(-1)!.instruments[0]!.onMs).toBe(sumOf(bench, 'run', to))
  })

  it('without synchronisation afterwards: time is unknown until the clock is synchronised again', async () => {
    const bench = createBench()
    const { sync, now } = syncOf(bench, bench.clock.monotonic())
    bench.begin({ sync })
    await run(bench, 5 * M)
    bench.clock.step(10_000)
    await run(bench, 30 * M)
    expect(bench.alarms).toContain('clock_untrusted')
    expect(bench.peer.pages()).toHaveLength(1)
    now()
    await run(bench, 10 * M)
    expect(bench.alarms).not.toContain('clock_untrusted')
    const synced = start + 35 * M + 10_000
    const spans = statesOf(bench.peer.pages(), start, start + 40 * M)
    expect(spans.map(({ state }) => state)).toEqual(['run', 'unknown', 'run'])
    expect(spans[2]!.from).toBe(synced)
    expect(bench.peer.pages()[1]!.clock).toMatchObject({ source: 'chrony', steppedMs: 10_000 })
  })

  it('a synchronisation that comes with the step back vouches for no hour of the wrong clock', async () => {
    const bench = createBench()
    const { sync, now } = syncOf(bench, bench.clock.monotonic())
    bench.begin({ sync })
    await run(bench, 7 * M)
    bench.clock.step(5 * H)
    await run(bench, 40 * M)
    // Both at once, as chrony does; the gateway asks for the synchronisation before it looks at the clock.
    bench.clock.step(-5 * H)
    now()
    await run(bench, M)
    now()
    await run(bench, 30 * M)
    const pages = bench.peer.pages()
    expect(Math.max(...pages.map(({ to }) => to))).toBeLessThanOrEqual(start + 78 * M)
    expect(sumOf(bench, 'run', start + 75 * M)).toBeGreaterThan(7 * M + 25 * M)
    expect(sumOf(bench, 'run', start + 75 * M)).toBeLessThanOrEqual(7 * M + 30 * M)
  })

  it('a machine that boots while its clock is hours ahead leaves no page in the hours that never were', async () => {
    const bench = createBench()
    bench.begin({ sync: syncOf(bench, bench.clock.monotonic()).sync })
    await run(bench, 7 * M)
    bench.clock.step(5 * H)
    await run(bench, 40 * M)
    await bench.end('kill')
    const booted = syncOf(bench, null)
    bench.begin({ sync: booted.sync, bootId: 'boot-2' })
    await run(bench, 10 * M)
    bench.clock.step(-5 * H)
    await run(bench, M)
    booted.now()
    await run(bench, 30 * M)
    const pages = bench.peer.pages()
    expect(Math.max(...pages.map(({ to }) => to))).toBeLessThanOrEqual(start + 88 * M)
    expect(sumOf(bench, 'run', start + 88 * M)).toBeGreaterThan(7 * M + 20 * M)
  })

  it('small corrections are followed and close nothing', async () => {
    const bench = createBench()
    bench.begin()
    for (let i = 0; i < 30; i++) {
      await run(bench, M)
      bench.clock.step(i % 2 === 0 ? 400 : -300)
    }
    expect(
      bounds(bench)
        .slice(0, 5)
        .map(([from, to]) => (to ?? 0) - (from ?? 0)),
    ).toEqual(Array(5).fill(5 * M))
    expect(sumOf(bench, 'run', start + 25 * M)).toBe(25 * M)
  })
})

describe('a clock that nobody vouches for', () => {
  it('writes no page before its first synchronisation, and then what was measured since the start counts', async () => {
    const bench = createBench()
    const { sync, now } = syncOf(bench, null)
    bench.begin({ sync })
    await run(bench, 12 * M)
    expect(bench.peer.pages()).toEqual([])
    expect(bench.alarms).toContain('clock_untrusted')
    now()
    await run(bench, 2 * M)
    expect(bench.peer.pages().map(({ clock }) => clock.source)).toEqual(['chrony', 'chrony'])
    expect(sumOf(bench, 'run', start + 10 * M)).toBe(10 * M)
  })

  it('more than 24 h ago: pages go on, and what they state is unknown', async () => {
    const bench = createBench()
    const { sync } = syncOf(bench, bench.clock.monotonic())
    bench.begin({ sync })
    bench.clock.advanceTo(start + 24 * H - 10 * M)
    await run(bench, 30 * M)
    const pages = bench.peer.pages().filter(({ to }) => to > start + 24 * H - 10 * M)
    expect(pages.map(({ instruments }) => instruments[0]!.spans)).toEqual([
      [['run', 0, 5 * M]],
      [['run', 0, 5 * M]],
      [],
      [],
      [],
    ])
    expect(pages.at(-1)!.clock.unsyncedMs).toBeGreaterThan(24 * H)
  })

  it('in the far future before its synchronisation does not mute the gateway afterwards', async () => {
    const bench = createBench()
    bench.clock.step(365 * 24 * H)
    const { sync, now } = syncOf(bench, null)
    bench.begin({ sync })
    await run(bench, 12 * M)
    bench.clock.step(-365 * 24 * H)
    await run(bench, M)
    now()
    await run(bench, 15 * M)
    expect(bounds(bench)).toHaveLength(3)
    expect(bench.peer.pages().every(({ to }) => to < start + H)).toBe(true)
  })
})
