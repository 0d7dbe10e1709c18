import { expect, it } from 'vitest'
import { createBench, start, statesOf, testConfig } from '../../gateway/src/gateway.fixture.ts'

const minute = 60_000

/** A machine that runs for ten minutes and says in the fifth that it cannot be watched, for 20 s; a gap is 90 s. */
async function pages(killAfterMs?: number) {
  const one = {
    id: 'sem-01',
    source: { kind: 'mtconnect', url: 'http://127.0.0.1:1' },
    thresholds: { onStartMw: 5_000, onStopMw: 3_000, runStartMw: 400_000, runStopMw: 300_000 },
    dwellMs: 30_000,
    maxGapMs: 90_000,
  }
  const bench = createBench({ config: testConfig({ instruments: [one] }) })
  bench.begin()
  for (let after = 0; after < 14 * minute; after += 10_000) {
    const at = bench.clock.wall()
    const lost = after >= 5 * minute && after < 5 * minute + 20_000
    bench.gateway.handleReading('sem-01', 0, {
      ok: true,
      value: lost
        ? { kind: 'availability', online: false, at, lost: true }
        : { kind: 'sample', sample: { at, contact: { powered: true, run: true, fault: false } } },
    })
    await bench.pass(10_000)
    if (after === killAfterMs) {
      await bench.end('kill')
      bench.begin()
    }
  }
  return { pages: bench.peer.pages(), alarms: bench.alarms }
}
const expected = [
  { state: 'run', from: start, to: start + 5 * minute - 10_000 },
  { state: 'unknown', from: start + 5 * minute - 10_000, to: start + 5 * minute + 20_000 },
  { state: 'run', from: start + 5 * minute + 20_000, to: start + 10 * minute },
]

it('coverage that a machine itself calls lost is unknown, from the last reading to the next', async () => {
  const { pages: made, alarms } = await pages()
  expect(statesOf(made, start, start + 10 * minute)).toEqual(expected)
  expect(alarms).not.toContain('source_offline:sem-01')
})

it.each([5 * minute, 5 * minute + 10_000, 6 * minute])(
  'a kill %i ms in forgets nothing of it',
  async (after) => {
    expect(statesOf((await pages(after)).pages, start, start + 10 * minute)).toEqual(expected)
  },
)
