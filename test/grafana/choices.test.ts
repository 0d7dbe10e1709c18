import { encodeStatus, statusTopic } from '@hours/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readDashboardChoices } from '../../cli/dashboard-choices.ts'
import { site, start } from '../../ingest/src/ingest.fixture.ts'
import { createDoorsWorld, type DoorsWorld } from '../doors/doors.fixture.ts'

let world: DoorsWorld
let url: string
beforeAll(async () => {
  world = await createDoorsWorld()
  url = await world.api.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => world.close())

async function keyOf(...who: Parameters<DoorsWorld['caller']>): Promise<string> {
  const caller = await world.caller(...who)
  const made = await caller.send('POST', '/api/v1/keys', { label: 'grafana', scopes: ['read'], days: 1 })
  return made.json<{ key: string }>().key
}

it('a real site is read with a key: an organisation is its instruments by site, and a whole site where all are its own', async () => {
  await expect(readDashboardChoices(url, undefined)).rejects.toThrow(/wants a login \(401\).*HOURS_KEY/)
  const { organisations, alwaysOn, simulated, leftOut } = await readDashboardChoices(
    `${url}/`,
    await keyOf('operator', null),
  )
  const of = (name: string) => {
    const { sites, instruments } = organisations.find((one) => one.name === name)!
    return { sites: sites.toSorted(), instruments: instruments.toSorted() }
  }
  expect(of('GIBH')).toEqual({
    sites: [],
    instruments: ['gz-gibh/nmr-01', 'gz-gibh/sem-01', 'gz-gibh/shared-own'],
  })
  expect(of('Zebra Inc')).toEqual({ sites: ['zebra-site'], instruments: ['gz-gibh/zebra-shared'] })
  expect(of('All')).toEqual({ sites: ['gz-gibh', 'zebra-site'], instruments: [] })
  expect({ alwaysOn, simulated, leftOut }).toEqual({
    alwaysOn: ['gz-gibh/nmr-01'],
    simulated: true,
    leftOut: [],
  })
})

it('who sees a part of a site names instruments alone: others may stand there too', async () => {
  const { organisations } = await readDashboardChoices(url, await keyOf('organisation_admin', ['zebra']))
  expect(organisations).toEqual([
    { name: 'Zebra Inc', sites: [], instruments: ['gz-gibh/zebra-shared', 'zebra-site/zebra-sem'] },
  ])
})

it('each instrument has the run threshold of its gateway’s configuration, or of the gateway’s own file', async () => {
  const settings = {
    ...{ id: 'sem-01', source: { kind: 'tasmota', topic: 'pow1' }, combine: 'primary' },
    thresholds: { onStartMw: 20_000, onStopMw: 15_000, runStartMw: 512_500, runStopMw: 400_000 },
    ...{ dwellMs: 30_000, maxGapMs: 30_000, plausibleMw: [-1_000, 9_000_000] },
  }
  await world.ingest.commit({
    client: world.gateway.id,
    topic: statusTopic(site, world.gateway.id),
    payload: Buffer.from(encodeStatus({ v: 1, online: true, at: start, settings: [settings] } as never)),
  })
  const { runThresholds } = await readDashboardChoices(url, await keyOf('operator', null))
  expect(runThresholds).toEqual({ 'gz-gibh/sem-01': 512.5 })
})
