import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { MINUTE, type SeriesStatus } from '@hours/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freshFolder, start } from '../ingest.fixture.ts'
import { createEmbeddedSeries, createSeriesOutbox, type RunningOutbox, SeriesError } from '../series/index.ts'
import type { SeriesPoint, SeriesStore } from '../series/series-ports.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

const folder = freshFolder()
const embedded = createEmbeddedSeries(join(folder, 'series.sqlite'))
let fault: SeriesError | undefined
const store: SeriesStore = {
  ...embedded,
  name: 'InfluxDB at http://influx:8086, hours',
  write: (points) => (fault ? Promise.reject(fault) : embedded.write(points)),
  foreign: () => Promise.resolve(['database hours holds measurement "cpu", which is not ours']),
}
const gateway = (at: number): SeriesPoint => ({
  measurement: 'gateway',
  tags: { site: 'gz', gateway: 'gw-1' },
  fields: { online: { i: 1 } },
  at,
})
let world: ApiWorld
let outbox: RunningOutbox
beforeAll(async () => {
  world = await createApiWorld(({ clock }) => ({
    series: store,
    outbox: (outbox = createSeriesOutbox({ path: join(folder, 'outbox.sqlite'), store, clock, rest: 0 })),
  }))
})
afterAll(async () => {
  await world.close()
  await outbox.close()
  await embedded.close()
  rmSync(folder, { recursive: true })
})
const status = async () => (await world.get('/api/v1/series')).json<SeriesStatus>()

it('says what is refused for ever and why, and who else writes there', async () => {
  await world.page()
  outbox.put([gateway(start)])
  await outbox.flush()
  fault = new SeriesError('partly_stored', 'field online of measurement gateway is string', { dropped: 2 })
  outbox.put([gateway(start + 1), gateway(start + 2)])
  await outbox.flush()
  fault = undefined
  const said = await status()
  expect(said).toMatchObject({
    store: 'InfluxDB at http://influx:8086, hours',
    pending: 0,
    failing: null,
    quarantined: 2,
    reasons: [{ reason: 'field online of measurement gateway is string', points: 2 }],
    foreign: ['database hours holds measurement "cpu", which is not ours'],
    untold: true,
  })
  expect(said.refused.map(({ measurement, tags, time }) => [measurement, tags, time])).toEqual([
    ['gateway', { site: 'gz', gateway: 'gw-1' }, start + 2],
    ['gateway', { site: 'gz', gateway: 'gw-1' }, start + 1],
  ])
  for (const words of [
    /2 points were refused for ever: field online/,
    /Somebody else writes here: .*"cpu"/,
  ]) {
    expect(said.says).toMatch(words)
    expect((await world.get('/health')).json<{ series: { says: string } }>().series.says).toMatch(words)
  }
})

it('says how far it is behind while the store is away', async () => {
  fault = new SeriesError('away', 'InfluxDB at http://influx:8086 does not answer')
  outbox.put([gateway(start + 3)])
  await expect(outbox.flush()).rejects.toMatchObject({ code: 'away' })
  world.clock.advanceTo(world.clock.wall() + 5 * MINUTE)
  expect(await status()).toMatchObject({ pending: 1, behindMs: 5 * MINUTE, failing: fault.message })
  expect((await status()).says).toMatch(/^The series is 5 min behind: 1 points wait/)
})
