import { DAY, encodeStatus, type InstrumentSettings, statusTopic } from '@hours/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { site, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

const url = `/api/v1/instruments/${site}/sem-01/settings`
const thresholds = { onStartMw: 20_000, onStopMw: 15_000, runStartMw: 500_000, runStopMw: 400_000 }
const settings = {
  id: 'sem-01',
  source: { kind: 'tasmota', topic: 'pow1' },
  combine: 'primary',
  thresholds,
  dwellMs: 30_000,
  maxGapMs: 30_000,
  plausibleMw: [-1_000, 9_000_000],
} as unknown as InstrumentSettings
const proposed = { ...thresholds, runStartMw: 620_000, runStopMw: 540_000 }

let world: ApiWorld
beforeEach(async () => {
  world = await createApiWorld()
})
afterEach(() => world.close())

const configure = () =>
  world.ingest.record('config', site, {
    gateway: world.gateway.id,
    revision: 1,
    from: start,
    instruments: [settings],
  })
const read = async () => (await world.get(url)).json<Record<string, unknown>>()
const change = (body: object) => world.api.inject({ method: 'POST', url, payload: body })

it('shows what is in force and what the gateway proposes; accepting it is a config record that the gateway gets', async () => {
  await configure()
  const proposal = {
    at: start,
    reason: 'standby at most 318 W',
    settings: {
      thresholds: proposed,
      dwellMs: 30_000,
      holdMs: 40_000,
      maxGapMs: 45_000,
      plausibleMw: [-2_000, 8_000_000],
    },
    differs: true,
  }
  const status = { v: 1, online: true, at: start, proposals: { 'sem-01': proposal } } as const
  await world.ingest.commit({
    client: world.gateway.id,
    topic: statusTopic(site, world.gateway.id),
    payload: Buffer.from(encodeStatus(status as never)),
  })
  expect(await read()).toMatchObject({ revision: 1, settings: { thresholds }, proposal })
  const sent: { topic: string; payload: Uint8Array }[] = []
  world.ingest.attach((topic, payload) => {
    sent.push({ topic, payload: Buffer.from(payload) })
    return Promise.resolve()
  })
  sent.length = 0
  const answer = await change({ revision: 1, ...proposal.settings })
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toMatchObject({ revision: 2, settings: proposal.settings, waiting: null })
  expect(sent.map(({ topic }) => topic)).toEqual([`hours/1/${site}/${world.gateway.id}/config`])
  const [record] = world.ingest.registry.records('config', site).slice(-1)
  expect(record?.record).toMatchObject({ revision: 2, instruments: [{ id: 'sem-01', ...proposal.settings }] })
})

it('refuses a change made from an older revision, levels that cross, and an instrument of unknown source', async () => {
  expect((await change({ revision: 0, thresholds: proposed })).json()).toMatchObject({
    status: 409,
    field: 'source',
    title: expect.stringMatching(/how .*sem-01 is sensed/) as string,
  })
  await configure()
  expect((await change({ revision: 0, thresholds: proposed })).json()).toMatchObject({
    status: 409,
    field: 'revision',
    fix: expect.stringMatching(/revision 1/) as string,
  })
  const crossed = await change({ revision: 1, thresholds: { ...proposed, runStopMw: 700_000 } })
  expect(crossed.statusCode).toBe(400)
  expect(crossed.json()).toMatchObject({ field: expect.stringMatching(/runStopMw/) as string })
  expect(await read()).toMatchObject({ revision: 1, settings: { thresholds } })
})

it('makes the first record out of what the gateway tells of its own file, or of the source that is sent', async () => {
  const nmr = { ...settings, id: 'nmr-01', source: { kind: 'tasmota', topic: 'pow2' } }
  const strange = { ...settings, id: 'xrd-99' }
  const tell = (own: object[]) =>
    world.ingest.commit({
      client: world.gateway.id,
      topic: statusTopic(site, world.gateway.id),
      payload: Buffer.from(JSON.stringify({ v: 1, online: true, at: start, settings: own })),
    })
  await tell([settings, nmr, strange])
  expect(await read()).toMatchObject({ revision: 0, settings: null, own: { source: settings.source } })
  const config = '/api/v1/gateways/gw-1/config'
  expect((await world.get(config)).json()).toMatchObject({
    ...{ revision: 0, instruments: null, unmeasured: [] },
    proposed: [{ id: 'sem-01' }, { id: 'nmr-01' }, { id: 'xrd-99' }],
  })
  const send = (url: string, payload: object) => world.api.inject({ method: 'POST', url, payload })
  // It measures something that nobody has enrolled: its pages would be refused.
  expect((await send(config, { revision: 0 })).json()).toMatchObject({
    ...{ status: 422, field: 'instruments.2.id', value: 'xrd-99' },
  })
  expect((await change({ revision: 0, thresholds: proposed })).json()).toMatchObject({
    ...{ revision: 1, settings: { thresholds: proposed, source: settings.source } },
  })
  expect((await world.get(config)).json()).toMatchObject({
    revision: 1,
    instruments: [{ id: 'sem-01', thresholds: proposed }, { id: 'nmr-01' }],
  })
  const other = { ...nmr, maxGapMs: 60_000 }
  const whole = await send(config, { revision: 1, instruments: [settings, other] })
  expect(whole.json()).toMatchObject({ revision: 2, instruments: [{ thresholds }, { maxGapMs: 60_000 }] })
  expect((await send(config, { revision: 1, instruments: [settings] })).statusCode).toBe(409)
  const [last] = world.ingest.registry.records('config', site).slice(-1)
  expect(last?.record).toMatchObject({ revision: 2, actor: 'demo.manager' })
})

it('takes a source with the thresholds where nothing is known of it', async () => {
  const source = { kind: 'shelly', topic: 'shellyplusplugs-1' }
  const answer = await change({ revision: 0, thresholds, source })
  expect(answer.json()).toMatchObject({ revision: 1, settings: { source, dwellMs: 30_000 } })
})

it('a change waits for its date, may be changed again, and does not drag another instrument with it', async () => {
  const other = { ...settings, id: 'nmr-01' } as unknown as InstrumentSettings
  await world.ingest.record('config', site, {
    gateway: world.gateway.id,
    revision: 1,
    from: start,
    instruments: [settings, other],
  })
  const now = world.ingest.clock.wall()
  const later = now + DAY
  const accept = (revision: number, from: number) => change({ revision, thresholds: proposed, from })
  expect((await accept(1, now - DAY)).json()).toMatchObject({ status: 422, field: 'from' })
  expect((await accept(1, later)).json()).toMatchObject({
    revision: 2,
    settings: { thresholds },
    waiting: { from: later, settings: { thresholds: proposed } },
  })
  expect((await accept(2, later + DAY)).json()).toMatchObject({ revision: 3, waiting: { from: later + DAY } })
  const elsewhere = `/api/v1/instruments/${site}/nmr-01/settings`
  const changeOther = (revision: number, from?: number) =>
    world.api.inject({ method: 'POST', url: elsewhere, payload: { revision, thresholds: proposed, from } })
  expect((await changeOther(3)).json()).toMatchObject({
    status: 409,
    field: 'from',
    fix: expect.stringMatching(new RegExp(`^from ${later + DAY}`)) as string,
  })
  expect((await changeOther(3, later + DAY)).json()).toMatchObject({ revision: 4 })
  world.clock.advanceTo(later + 2 * DAY)
  expect(await read()).toMatchObject({ revision: 4, settings: { thresholds: proposed }, waiting: null })
})
