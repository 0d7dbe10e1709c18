import { DAY, encodeStatus, HOUR, statusTopic } from '@hours/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { site, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

let world: ApiWorld
let counts: number[] = []
beforeEach(async () => void (world = await createApiWorld()))
afterEach(() => world.close())

const kwh = 1_000_000
/** A heartbeat with what a device has counted since `from`. */
async function beat(counters: Record<string, object>): Promise<void> {
  const at = world.clock.wall()
  const status = { v: 1, online: true, at, counters } as never
  await world.ingest.commit({
    client: world.gateway.id,
    topic: statusTopic(site, world.gateway.id),
    payload: Buffer.from(encodeStatus(status)),
  })
}
const tally = (from: number, hours: number, theirs: number) => ({
  ...{ from, to: from + hours * HOUR, energy: { ours: 10 * kwh, theirs }, on: null, run: null },
})
const quality = async (query = '') => {
  const { items, total } = (await world.get(`/api/v1/quality?period=2026-01${query}`)).json<{
    items: { instrument: string; witness: unknown }[]
    total: { witnessed: number; contradicted: number }
  }>()
  counts = [items.length, total.witnessed, total.contradicted]
  return items.find(({ instrument }) => instrument === `${site}/sem-01`)?.witness
}

it('what a device counts for itself is a figure of the period', async () => {
  expect(await quality()).toBeNull()
  world.clock.advanceTo(start + 2 * DAY)
  await beat({ 'sem-01': tally(start, 12, 5 * kwh) })
  await beat({ 'sem-01': tally(start, 24, 10.4 * kwh) })
  const agrees = {
    tallies: 1,
    energy: { ours: 10 * kwh, theirs: 10.4 * kwh },
    on: null,
    run: null,
    differs: null,
  }
  expect(await quality()).toEqual(agrees)
  // Another gateway's instrument, and a day to come, are not its to tell.
  await beat({ 'xrd-99': tally(start, 24, kwh), 'sem-01': tally(start + 30 * DAY, 24, kwh) })
  expect(await quality()).toEqual(agrees)
  await beat({ 'sem-01': tally(start + DAY, 20, 16 * kwh) })
  expect(await quality()).toMatchObject({
    tallies: 2,
    energy: { ours: 20 * kwh, theirs: 26.4 * kwh },
    differs: 'energy',
  })
  expect(counts).toEqual([2, 1, 1])
  await quality('&doubtful=true')
  expect(counts).toEqual([1, 1, 1])
  const table = await world.get('/api/v1/quality?period=2026-01&format=csv')
  expect(table.body).toMatch(/sem-01,gw-1,.*,20000,26400,,,energy\r\n/)
})
