import type { DayEvidence } from '@hours/protocol'
import { type Check, mergeChecks, type ReadPage } from './check.ts'
import { checkChain } from './check-chain.ts'
import { checkCheckpoint } from './check-checkpoint.ts'
import { checkHours } from './check-hours.ts'
import { checkPages, type Progress } from './check-pages.ts'
import { pagesOf } from './pages-of.ts'

/**
 * Checks a day's evidence with nothing but this browser; every check is made, also after one has failed. `now` = Unix ms
 * of the site.
 */
export async function verifyDay(evidence: DayEvidence, now: number, progress: Progress): Promise<Check[]> {
  const { earlier } = evidence
  const parts = earlier ? [{ ...evidence, ...earlier }, evidence] : [evidence]
  const all = pagesOf(evidence).length
  const lists: Check[][] = []
  const read: ReadPage[] = []
  for (const part of parts) {
    const before = read.length
    const { checks: ofLog, checkpoint } = await checkCheckpoint(part)
    const ofPages = await checkPages(part, checkpoint, (done) => progress(before + done, all))
    lists.push([...ofLog, ...ofPages.checks])
    read.push(...ofPages.read)
  }
  return mergeChecks([...lists, [await checkChain(read, evidence, now), checkHours(read, evidence)]])
}
