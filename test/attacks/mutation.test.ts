import { expect, it } from 'vitest'
import { mutate } from './mutation.fixture.ts'

const rounds = 5_000

it(`catches every one of ${rounds} random changes of bytes`, { timeout: 400_000 }, async () => {
  const { passed, changed, caught } = await mutate(rounds, { isSigned: false, seed: 20_261_123 })
  console.log(`${changed} changed bundles, caught first by`, caught)
  expect(passed).toEqual([])
  expect(changed).toBeGreaterThan(rounds * 0.95)
})
