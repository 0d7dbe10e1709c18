import { expect, it } from 'vitest'
import { mutate } from './mutation.fixture.ts'

const rounds = 5_000

it(`catches every one of ${rounds} random changes of bytes that alters meaning, though digests fit and the report key signs`, {
  timeout: 400_000,
}, async () => {
  const { passed, changed, caught } = await mutate(rounds, { isSigned: true, seed: 20_261_124 })
  console.log(`${changed} changed bundles, caught first by`, caught)
  expect(passed).toEqual([])
  expect(changed).toBeGreaterThan(rounds * 0.95)
})
