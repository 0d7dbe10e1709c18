import { HOUR, type InstrumentSettings } from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pageMs, run, site, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

let world: ApiWorld
beforeEach(async () => {
  world = await createApiWorld()
  world.clock.advanceTo(start + HOUR)
})
afterEach(() => world.close())

type Body = Record<string, unknown>
async function send(method: 'POST' | 'PATCH', url: string, payload: object): Promise<Body> {
  const answer = await world.api.inject({ method, url: `/api/v1/${url}`, payload })
  return { status: answer.statusCode, ...answer.json<Body>() }
}
const post = (url: string, payload: object) => send('POST', url, payload)
const get = async (url: string) => (await world.get(`/api/v1/${url}`)).json<Body>()
const items = async (url: string) => (await get(url))['items'] as Body[]

const xrd = {
  ...{ site, instrument: 'xrd-01', gateway: 'gw-1', unit: 'gibh', names: { en: 'XRD', zh: '衍射仪' } },
  ...{ kind: 'xrd', valueFen: 160_000_000, prepMs: 900_000, inService: '2019-05-01', bookable: true },
}

describe('an instrument', () => {
  it('is enrolled with its actor, and the same once more is no second record', async () => {
    expect(await post('instruments', xrd)).toMatchObject({ status: 201, ...xrd, from: start + HOUR })
    expect(await post('instruments', xrd)).toMatchObject({ status: 200, from: start + HOUR })
    const records = world.ingest.registry.records('enrolment', site)
    expect(records.filter(({ record }) => record.instrument === 'xrd-01')).toMatchObject([
      { record: { actor: 'demo.manager', class: 'general', exclusive: true, alwaysOn: false } },
    ])
    expect(await get(`instruments/${site}/xrd-01`)).toMatchObject({ names: xrd.names, gateway: 'gw-1' })
    expect(await post('instruments', { ...xrd, model: 'X1' })).toMatchObject({
      ...{ status: 409, field: 'instrument', value: `${site}/xrd-01` },
      fix: `PATCH /api/v1/instruments/${site}/xrd-01 changes it from an instant on`,
    })
  })

  it('is refused with every fault at once: field, value, reason, fix', async () => {
    const wrong = {
      ...{ ...xrd, unit: 'gib', names: {}, partOf: 'sem-9', from: start + 2 * HOUR, to: start },
      inService: '2031-01-01',
    }
    const refused = await post('instruments', wrong)
    expect(refused).toMatchObject({ status: 422, field: 'from', reason: 'it is still to come' })
    expect(refused['faults']).toMatchObject([
      { field: 'from' },
      { field: 'unit', value: 'gib', fix: 'did you mean gibh?' },
      { field: 'partOf', value: 'sem-9', reason: 'no instrument of this id at gz-gibh' },
      { field: 'names' },
      { field: 'to', reason: 'it ends before it begins' },
      { field: 'inService', value: '2031-01-01' },
    ])
    expect(await post('instruments', { ...xrd, prepMs: -1 })).toMatchObject({ status: 400, field: 'prepMs' })
    expect(await post('instruments', { ...xrd, speed: 1 })).toMatchObject({ status: 400, field: 'speed' })
    expect(await post('instruments', { ...xrd, site: 'elsewhere' })).toMatchObject({
      ...{ status: 422, field: 'gateway', reason: expect.stringMatching(/stands at site gz-gibh/) as string },
    })
    const early = { ...xrd, from: start - 2 }
    expect(await post('instruments', early)).toMatchObject({ field: 'unit', fix: /earlier date/ as never })
  })

  it('changes from an instant on; what stood before stays, and what is unsure is taken back', async () => {
    await post('instruments', xrd)
    world.clock.advanceTo(start + 2 * HOUR)
    const url = `instruments/${site}/xrd-01`
    const changed = await send('PATCH', url, { model: 'X1', bookable: null })
    expect(changed).toMatchObject({
      status: 200,
      model: 'X1',
      from: start + 2 * HOUR,
      valueFen: xrd.valueFen,
    })
    expect(changed['bookable']).toBeUndefined()
    expect(await items(`${url}/enrolments`)).toMatchObject([
      { from: start + HOUR, to: start + 2 * HOUR, bookable: true },
      { from: start + 2 * HOUR, model: 'X1' },
    ])
    expect(await send('PATCH', url, { model: 'X1' })).toMatchObject({ from: start + 2 * HOUR })
    expect(await items(`${url}/enrolments`)).toHaveLength(2)
    expect(await send('PATCH', url, { model: 'X2', from: start + HOUR })).toMatchObject({
      ...{ status: 422, field: 'from', fix: 'take that instant or a later one' },
    })
    expect(await send('PATCH', url, { partOf: 'xrd-01' })).toMatchObject({ field: 'partOf' })
  })

  it('is retired: it leaves the list and its gateway, and what it has stays', async () => {
    await world.ingest.record('config', site, {
      ...{ gateway: world.gateway.id, revision: 1, from: start },
      instruments: ['sem-01', 'nmr-01'].map((id) => ({ ...settings, id })) as never,
    })
    for (let i = 0; i < 12; i++) await world.page()
    const end = start + 6 * pageMs
    expect(await post(`instruments/${site}/sem-01/retire`, { to: end })).toMatchObject({ to: end })
    expect((await items('instruments')).map((one) => one['key'])).toEqual([`${site}/nmr-01`])
    expect((await items('instruments?retired=true')).length).toBe(2)
    const config = await get('gateways/gw-1/config')
    expect(config).toMatchObject({ revision: 2, instruments: [{ id: 'nmr-01' }] })
    // The gateway had not heard of it yet: the page stands, and no hour of it is the instrument's.
    await world.ingest.commit({
      ...{ topic: world.gateway.topic, client: world.gateway.id },
      payload: world.gateway.page({ 'sem-01': run, 'nmr-01': run }),
    })
    await world.ingest.settled()
    const figures = (await get(`figures?scope=${site}/sem-01&period=2026-01-05`))['figures'] as Body[]
    const of = (kpi: string) => figures.find((one) => one['kpi'] === kpi)?.['value']
    expect([of('enrolled'), of('run'), of('unknown')]).toEqual([6 * pageMs, 6 * pageMs, 0])
    expect(await post(`instruments/${site}/sem-01/retire`, { to: start - 1 })).toMatchObject({ field: 'to' })
    const again = { ...xrd, instrument: 'sem-01' }
    expect(await post('instruments', again)).toMatchObject({ status: 201 })
  })

  it('takes its settings along to another gateway', async () => {
    await world.ingest.record('config', site, {
      ...{ gateway: world.gateway.id, revision: 1, from: start },
      instruments: ['sem-01', 'nmr-01'].map((id) => ({ ...settings, id })) as never,
    })
    await post('instruments', { ...xrd, gateway: 'gw-2' })
    const own = { ...settings, id: 'xrd-01' }
    expect(await post('gateways/gw-2/config', { revision: 0, instruments: [own] })).toMatchObject({
      revision: 1,
    })
    await send('PATCH', `instruments/${site}/sem-01`, { gateway: 'gw-2' })
    expect(await get('gateways/gw-1/config')).toMatchObject({ revision: 2, instruments: [{ id: 'nmr-01' }] })
    expect(await get('gateways/gw-2/config')).toMatchObject({
      ...{ revision: 2, instruments: [{ id: 'xrd-01' }, { id: 'sem-01' }], unmeasured: [] },
    })
    const file = await world.get('/api/v1/gateways/gw-2/file?local=mqtt://192.168.1.5:1883')
    expect(file.headers['content-type']).toContain('yaml')
    expect(file.body).toContain('url: "mqtt://192.168.1.5:1883"')
    expect(file.body).toMatch(/- id: "xrd-01"\n {4}source: \{"kind":"tasmota","topic":"pow1"\}/)
  })
})

const settings = {
  ...{ source: { kind: 'tasmota', topic: 'pow1' }, dwellMs: 30_000, maxGapMs: 30_000 },
  thresholds: { onStartMw: 20_000, onStopMw: 15_000, runStartMw: 500_000, runStopMw: 400_000 },
} as unknown as InstrumentSettings

describe('opening hours', () => {
  const weekly = { 1: [['08:00', '20:00']], 6: [['22:00', '06:00']] }
  const hours = { instrument: `${site}/*`, weekly, from: start }

  it('of a site and of an instrument make utilSchedule, with dates of their own', async () => {
    const rate = async () => {
      const figures = (await get(`figures?scope=${site}/sem-01&period=2026-01-05`))['figures'] as Body[]
      return figures.find((one) => one['kpi'] === 'utilSchedule')
    }
    expect(await rate()).toBeUndefined()
    for (let i = 0; i < 100; i++) await world.page()
    expect(await post('schedules', hours)).toMatchObject({ status: 201, zone: 'Asia/Shanghai' })
    expect(await post('schedules', hours)).toMatchObject({ status: 200 })
    // At run since midnight, twenty minutes of it after eight; the last second is in no page yet.
    expect(await rate()).toMatchObject({ value: expect.closeTo(1, 2) as number, denominator: 'schedule' })
    const own = { ...hours, instrument: `${site}/sem-01`, exceptions: { '2026-01-05': [['00:00', '24:00']] } }
    await post('schedules', own)
    expect(await rate()).toMatchObject({ value: expect.closeTo(1, 2) as number, upper: 1 })
    await post('schedules', { ...own, exceptions: { '2026-01-05': [] } })
    expect(await rate()).toMatchObject({ value: null })
    const list = await items(`schedules?instrument=${site}/sem-01`)
    expect(list.map((one) => one['instrument'])).toEqual([`${site}/*`, `${site}/sem-01`, `${site}/sem-01`])
  })

  it.each([
    ['weekly.1', { weekly: { 1: [['08:00', '08:00']] } }],
    [
      'weekly.2',
      {
        weekly: {
          2: [
            ['08:00', '12:00'],
            ['11:00', '13:00'],
          ],
        },
      },
    ],
    ['exceptions.2026-10-01', { exceptions: { '2026-10-01': [['24:00', '12:00']] } }],
    ['instrument', { instrument: `${site}/sem-9` }],
    ['instrument', { instrument: 'elsewhere/*' }],
  ])('are refused by name: %s', async (field, change) => {
    expect(await post('schedules', { ...hours, ...change })).toMatchObject({ status: 422, field })
  })

  it.each([
    ['weekly.1.0.0', { weekly: { 1: [['8:00', '12:00']] } }],
    ['8', { weekly: { 8: [] } }],
    ['exceptions.2026-02-30', { exceptions: { '2026-02-30': [] } }],
  ])('that cannot be read are refused too: %s', async (field, change) => {
    expect(await post('schedules', { ...hours, ...change })).toMatchObject({ status: 400, field })
  })
})
