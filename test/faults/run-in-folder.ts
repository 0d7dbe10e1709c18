import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from './judge-site.ts'
import { runSchedule } from './run-schedule.ts'
import { faultSchedule } from './schedule.ts'

/** Plays the schedule of one seed in a folder of its own. */
export async function runSeed(seed: number, hours?: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'hours-faults-'))
  try {
    return await runSchedule(faultSchedule(seed, hours), folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What must be nothing: hours lost, counted twice, invented, and everything else that is wrong. */
export const faultless = { lostMs: 0, twiceMs: 0, inventedMs: 0, wrong: [] }
