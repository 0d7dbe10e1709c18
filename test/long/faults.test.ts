import { expect, it } from 'vitest'
import { createProgress } from '../../cli/progress.ts'
import type { Outcome } from '../faults/judge-site.ts'
import { outcomeTable } from '../faults/outcome-table.ts'
import { faultless, runSeed } from '../faults/run-in-folder.ts'

const first = Number(process.env['HOURS_FAULT_SEED'] ?? 1)
const count = Number(process.env['HOURS_FAULT_COUNT'] ?? 110)
/** As many at once as there are cores to play them on. */
const atOnce = 2

it(`${count} schedules of faults from seed ${first} on: nothing lost, counted twice or invented`, {
  timeout: 3 * 3_600_000,
}, async () => {
  const outcomes: Outcome[] = []
  const failed: string[] = []
  const progress = createProgress('faults')
  let next = first
  async function lane(): Promise<void> {
    for (let seed = next++; seed < first + count; seed = next++) {
      try {
        outcomes.push(await runSeed(seed))
      } catch (error) {
        failed.push(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
      }
      progress.update(outcomes.length + failed.length, count, () => `seed ${seed}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  progress.end(`${outcomes.length} schedules`)
  outcomes.sort((a, b) => a.seed - b.seed)
  console.log(outcomeTable(outcomes))
  expect(failed).toEqual([])
  for (const outcome of outcomes) expect(outcome).toMatchObject(faultless)
})
