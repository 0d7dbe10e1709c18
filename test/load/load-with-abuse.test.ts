import { expect, it } from 'vitest'
import { quantile, runLoad } from '../../bench/load.ts'
import { attacks } from '../../bench/load-hostile.ts'

// The same with 2,475 gateways over an hour: npm run bench -- load.
it('100 gateways over ten minutes, 11 of them hostile: the others have every millisecond, live, each page with its receipt', async () => {
  const pages = 2
  const result = await runLoad(
    { gateways: 100, perGateway: 4, hostile: attacks.length, pages, speed: 60, seed: 3 },
    () => undefined,
  )
  expect(result.faults).toEqual([])
  expect(result.health).toEqual([])
  expect(result.spans).toBeGreaterThan(800)
  const honest = 100 - attacks.length
  expect(result.latencies.length).toBe(honest * pages)
  // An attack that was never made would prove nothing.
  for (const attack of attacks) expect(result.attacks.get(attack), attack).toBeGreaterThan(3)
  const { metrics } = result
  expect(metrics).toMatchObject({ power: honest * pages, backlog: 0, queued: 0 })
  for (const refused of ['refused', 'refusedPublishes', 'refusedConnects', 'refusedFilters', 'duplicates'])
    expect(metrics[refused], refused).toBeGreaterThan(5)
  expect(quantile(result.latencies, 0.99)).toBeLessThan(10_000)
}, 240_000)
