import { createIngest } from '@hours/ingest'
import { type Clock, instrumentKey } from '@hours/protocol'
import { pino } from 'pino'
import { site } from './fleet.ts'
import type { LoadGateway } from './load-gateway.ts'
import type { Hostile } from './load-hostile.ts'

/** Opens the data again and compares it with what the honest gateways know, to the millisecond. */
export async function judgeLoad(
  dataDir: string,
  honest: readonly LoadGateway[],
  enemies: readonly Hostile[],
  clock: Clock,
): Promise<{ faults: string[]; spans: number; late: number }> {
  const ingest = await createIngest({
    dataDir,
    clock,
    log: pino({ level: 'silent' }),
    logName: 'demo.load',
    simulated: true,
  })
  const faults: string[] = []
  let spans = 0
  /** Pages that came more than 20 simulated minutes after their end: the machine was too slow for the speed. */
  let lateOnes = 0
  try {
    for (const one of honest) {
      const { gateway, instruments } = one
      for (const trouble of one.troubles) faults.push(`${gateway}: ${trouble}`)
      if (one.waiting() > 0) faults.push(`${gateway}: ${one.waiting()} pages without a receipt`)
      const { missing, received, rejected, late } = ingest.index.gatewayCounts(gateway)
      lateOnes += late
      if (missing + rejected > 0 || received !== one.pages)
        faults.push(`${gateway}: ${received} pages, ${missing} missing, ${rejected} rejected`)
      for (const [i, id] of instruments.entries()) {
        const found = ingest.index.spans(instrumentKey(site, id), one.from(), one.to())
        const truth = one.truth(i)
        spans += truth.length
        if (JSON.stringify(found) !== JSON.stringify(truth))
          faults.push(`${gateway} ${id}: ${found.length} spans, ${truth.length} in truth`)
      }
    }
    for (const { gateway, instruments, attack } of enemies)
      for (const id of instruments) {
        const until = clock.wall() + 86_400_000
        const known = ingest.index
          .spans(instrumentKey(site, id), until - 7 * 86_400_000, until)
          .filter(({ state }) => state !== 'unknown')
          .reduce((ms, { from, to }) => ms + to - from, 0)
        // A replayed page was honest once, and counts once.
        const wanted = attack === 'replays' ? 300_000 : 0
        if (known !== wanted) faults.push(`${gateway} ${id} (${attack}): ${known} ms known, not ${wanted}`)
      }
  } finally {
    await ingest.close()
  }
  return { faults, spans, late: lateOnes }
}
