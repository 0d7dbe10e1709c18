import type { DayEvidence } from '@hours/protocol'
import type { Check } from './check.ts'
import { checkCheckpoint } from './check-checkpoint.ts'
import { checkHours } from './check-hours.ts'
import { checkChain, checkPages, type Progress } from './check-pages.ts'

/** Checks a day's evidence with nothing but this browser; every check is made, also after one has failed. */
export async function verifyDay(evidence: DayEvidence, progress: Progress): Promise<Check[]> {
  const { checks: ofLog, checkpoint } = await checkCheckpoint(evidence)
  const { checks: ofPages, read } = await checkPages(evidence, checkpoint, progress)
  return [...ofLog, ...ofPages, await checkChain(read), checkHours(read, evidence)]
}
