import { afterAll, describe, expect, it } from 'vitest'
import type { Outcome } from './judge-site.ts'
import { outcomeTable } from './outcome-table.ts'
import { faultless, runSeed } from './run-in-folder.ts'
import { type FaultKind, faultKinds, faultSchedule } from './schedule.ts'

/** A tenth of what `npm run long` plays; real processes, real kills, files and sockets. */
const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const outcomes: Outcome[] = []
afterAll(() => console.log(outcomeTable(outcomes.toSorted((a, b) => a.seed - b.seed))))

it('the schedules played here have faults of every kind', () => {
  const kinds = new Set<FaultKind>(
    seeds.flatMap((seed) => faultSchedule(seed).faults.map(({ kind }) => kind)),
  )
  expect([...kinds].sort()).toEqual([...faultKinds].sort())
})

describe('against the simulator s truth: nothing lost, nothing counted twice, nothing invented', () => {
  it.concurrent.each(seeds)('seed %i', { timeout: 240_000 }, async (seed) => {
    const outcome = await runSeed(seed)
    outcomes.push(outcome)
    expect(outcome).toMatchObject(faultless)
    expect(outcome.pages).toBeGreaterThan(200)
  })
})
