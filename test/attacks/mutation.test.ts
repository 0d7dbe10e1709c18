import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ReportedSite, reportedSite, verdictOf } from './bundle.fixture.ts'
import { mutate } from './mutation.fixture.ts'

let world: ReportedSite
beforeAll(async () => {
  world = await reportedSite()
}, 60_000)
afterAll(() => world.close())

/** Of a report of 24 pages; as many of each kind. */
const rounds = 5_000

it('finds nothing wrong with what was not changed', async () => {
  expect(verdictOf(await world.report(), world.policy)).toMatchObject({ ok: true, counts: { pages: 24 } })
})

it(`catches every one of ${rounds} random changes of bytes`, { timeout: 240_000 }, async () => {
  const { passed, changed, caught } = await mutate(world, { rounds, isSigned: false, seed: 20_261_123 })
  console.log(`${changed} changed bundles, caught first by`, caught)
  expect(passed).toEqual([])
  expect(changed).toBeGreaterThan(rounds * 0.95)
})

it(`catches every one of ${rounds} random changes of bytes that alters meaning, though digests fit and the report key signs`, {
  timeout: 240_000,
}, async () => {
  const { passed, changed, caught } = await mutate(world, { rounds, isSigned: true, seed: 20_261_124 })
  console.log(`${changed} changed bundles, caught first by`, caught)
  expect(passed).toEqual([])
  expect(changed).toBeGreaterThan(rounds * 0.95)
})
