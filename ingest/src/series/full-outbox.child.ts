// A feed whose outbox takes nothing, for some minutes that last 20 ms each. Says what it is told, and that it lives.
import { rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '@hours/protocol'
import { openIngest, openTestSite } from '../ingest.fixture.ts'
import { feedSeries } from './feed-series.ts'

const { dataDir, ingest: first } = await openTestSite()
await first.close()
const clock = {
  ...systemClock,
  after: (delay: number, task: () => void) => systemClock.after(delay / 3_000, task),
}
const ingest = await openIngest(dataDir, clock)
const full = () => {
  throw new Error('disk is full')
}
const feed = feedSeries({
  ingest,
  outbox: { put: full, gather: () => Promise.reject(new Error('disk is full')) },
  onError: (error) => console.log((error as Error).message),
})
await pause(200)
await feed.close()
await ingest.close()
rmSync(dataDir, { recursive: true })
console.log('lives')
