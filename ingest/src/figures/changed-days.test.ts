import { rmSync } from 'node:fs'
import { DAY, HOUR, instrumentKey } from '@hours/protocol'
import { expect, it } from 'vitest'
import { openTestSite, site, start } from '../ingest.fixture.ts'
import { reconcile } from '../reconcile.ts'

it.each([-1, 0, 1])(
  'a day has its row for everybody when a time record comes %d ms after its end, although nobody sends a page',
  async (after) => {
    const { dataDir, clock, ingest } = await openTestSite()
    // Midnight in Asia/Shanghai, where the site is.
    clock.advanceTo(start + DAY + after)
    await ingest.log.tick()
    clock.advanceTo(start + DAY + HOUR)
    await ingest.log.tick()
    await ingest.settled()
    const entry = ingest.registry.instrument(instrumentKey(site, 'sem-01' as never))
    const day = { from: start, to: start + DAY }
    const [part] = entry ? await ingest.figures.parts([entry], () => day) : []
    expect(part?.rows('days').map(({ from }) => from)).toEqual([start])
    expect(part?.totals.measures.enrolled).toBe(DAY)
    await ingest.close()
    expect((await reconcile(dataDir)).differences).toEqual([])
    rmSync(dataDir, { recursive: true })
  },
)
