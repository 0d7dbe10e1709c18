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
    const days = entry ? await ingest.figures.days(entry, { from: start, to: start + DAY }) : []
    expect(days.map(({ from, to }) => [from, to])).toEqual([[start, start + DAY]])
    await ingest.close()
    expect((await reconcile(dataDir)).differences).toEqual([])
    rmSync(dataDir, { recursive: true })
  },
)
