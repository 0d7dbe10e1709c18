import { DAY } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { start } from '../../ingest/src/ingest.fixture.ts'
import { type Caller, createDoorsWorld, type DoorsWorld, foreign } from './doors.fixture.ts'

let world: DoorsWorld
let operator: Caller
let own: Caller
beforeAll(async () => {
  world = await createDoorsWorld()
  operator = await world.caller('operator', null)
  own = await world.caller('organisation_admin', ['gibh'])
  world.clock.advanceTo(start + 60 * DAY)
})
afterAll(async () => world.close())

type Body = Record<string, unknown>
async function told(caller: Caller, method: string, url: string, body: object): Promise<Body> {
  const answer = await caller.send(method, `/api/v1/${url}`, body)
  return { status: answer.statusCode, text: answer.body, ...answer.json<Body>() }
}
const post = (caller: Caller, url: string, body: object) => told(caller, 'POST', url, body)
const xrd = {
  ...{ site: 'gz-new', instrument: 'xrd-01', gateway: 'gw-new', unit: 'gibh', names: { en: 'XRD' } },
}
const settings = {
  ...{ id: 'xrd-01', source: { kind: 'tasmota', topic: 'pow1' } },
  thresholds: { onStartMw: 20_000, onStopMw: 15_000, runStartMw: 500_000, runStopMw: 400_000 },
}

describe('the admin of an organisation', () => {
  it('sets up all of an instrument of its own: unit, instrument, hours, configuration, listing, code', async () => {
    const unit = { id: 'gibh-lab', parent: 'gibh', kind: 'unit', names: { en: 'Lab' } }
    expect(await post(own, 'organisations', unit)).toMatchObject({ status: 201, parent: 'gibh' })
    expect(await post(own, 'instruments', { ...xrd, unit: 'gibh-lab' })).toMatchObject({ status: 201 })
    expect(await told(own, 'PATCH', 'instruments/gz-new/xrd-01', { model: 'X1' })).toMatchObject({
      model: 'X1',
    })
    const hours = { weekly: { 1: [['08:00', '20:00']] } }
    expect(await post(own, 'schedules', { instrument: 'gz-new/*', ...hours })).toMatchObject({ status: 201 })
    expect(await post(own, 'gateways/gw-new/config', { revision: 0, instruments: [settings] })).toMatchObject(
      {
        ...{ status: 200, revision: 1, unmeasured: [] },
      },
    )
    expect(await post(own, 'memberships', { channel: 'gd-net', instrument: 'gz-new/xrd-01' })).toMatchObject({
      status: 201,
    })
    const code = await post(own, 'enrol/codes', { site: 'gz-new', gateway: 'gw-new' })
    expect(code).toMatchObject({ status: 201, pin: world.door.ca.pin })
    expect((await own.get('/api/v1/gateways/gw-new/file')).body).toContain('gateway: "gw-new"')
    const [account] = world.door.accounts.list().filter(({ role }) => role === 'organisation_admin')
    const records = world.ingest.registry.records('enrolment', 'gz-new' as never)
    expect(records.map(({ record }) => record.actor)).toEqual([account?.id, account?.id])
    const trail = world.door.audit
      .list({ limit: 20 })
      .map(({ actor, action, target }) => [actor, action, target])
    for (const [action, target] of [
      ['POST /api/v1/organisations', 'gibh-lab'],
      ['POST /api/v1/instruments', 'gz-new/xrd-01'],
      ['PATCH /api/v1/instruments/:site/:instrument', 'gz-new/xrd-01'],
      ['POST /api/v1/schedules', 'gz-new/*'],
      ['POST /api/v1/gateways/:gateway/config', 'gw-new'],
      ['POST /api/v1/memberships', 'gd-net gz-new/xrd-01'],
      ['POST /api/v1/enrol/codes', 'gz-new/gw-new'],
    ])
      expect(trail).toContainEqual([account?.id, action, target])
  })

  it('may use no site, gateway, instrument, unit or tree of others, and is told no name of theirs', async () => {
    const refusals: [string, object, number, string][] = [
      ['instruments', { ...xrd, instrument: 'a', site: 'zebra-site', gateway: 'gw-a' }, 422, 'site'],
      ['instruments', { ...xrd, instrument: 'a', gateway: 'gw-zebra' }, 422, 'gateway'],
      ['instruments', { ...xrd, instrument: 'a', gateway: 'gw-both', site: 'gz-gibh' }, 422, 'gateway'],
      ['instruments', { ...xrd, instrument: 'zebra-shared', site: 'gz-gibh' }, 422, 'instrument'],
      ['instruments', { ...xrd, instrument: 'a', unit: 'zebra' }, 422, 'unit'],
      ['instruments/gz-gibh/sem-01/moves', { unit: 'zebra' }, 422, 'unit'],
      ['schedules', { instrument: 'gz-gibh/*', weekly: {} }, 422, 'instrument'],
      ['schedules', { instrument: 'zebra-site/zebra-sem', weekly: {} }, 422, 'instrument'],
      ['gateways/gw-both/config', { revision: 0, instruments: [settings] }, 403, 'gateway'],
      ['gateways/gw-both/revoke', {}, 403, 'gateway'],
      ['enrol/codes', { site: 'gz-gibh', gateway: 'gw-both' }, 403, 'gateway'],
      ['memberships', { channel: 'c', organisation: 'zebra' }, 422, 'organisation'],
      ['organisations', { id: 'zebra', parent: 'gibh', kind: 'unit', names: { en: 'Z' } }, 422, 'id'],
      ['organisations', { id: 'new', parent: 'province', kind: 'unit', names: { en: 'N' } }, 422, 'parent'],
      ['organisations', { id: 'new', parent: null, kind: 'entity', names: { en: 'N' } }, 422, 'parent'],
    ]
    for (const [url, body, status, field] of refusals) {
      const answer = await post(own, url, body)
      expect([url, answer['status'], answer['field']]).toEqual([url, status, field])
      const sent = JSON.stringify(body)
      if (!foreign.test(sent)) expect(answer['text'], url).not.toMatch(foreign)
    }
    for (const url of ['gateways/gw-zebra/config', 'gateways/gw-zebra/revoke'])
      expect(await post(own, url, { revision: 0, instruments: [settings] })).toMatchObject({ status: 404 })
    expect(await post(own, 'enrol/codes', { site: 'zebra-site', gateway: 'gw-zebra' })).toMatchObject({
      status: 404,
    })
  })

  it('makes no legal entity inside its own, and does not move the one it hangs on', async () => {
    const unit = { id: 'gibh-firm', parent: 'gibh', kind: 'entity', names: { en: 'Firm' } }
    expect(await post(own, 'organisations', unit)).toMatchObject({ status: 422, field: 'kind' })
    const root = { id: 'gibh', parent: null, kind: 'entity', names: { en: 'Own' } }
    expect(await post(own, 'organisations', root)).toMatchObject({ status: 422, field: 'id' })
    expect(await post(operator, 'organisations', unit)).toMatchObject({ status: 201 })
  })

  it('changes nothing of more than 30 days ago, which the operator does', async () => {
    const from = start + 20 * DAY
    const change = { class: 'special', from }
    const url = 'instruments/gz-gibh/sem-01'
    expect(await told(own, 'PATCH', url, change)).toMatchObject({
      ...{ status: 422, field: 'from', reason: expect.stringMatching(/30 days/) as string },
    })
    expect(await post(own, `${url}/retire`, { to: from })).toMatchObject({ status: 422, field: 'to' })
    const hours = { instrument: 'gz-gibh/sem-01', weekly: { 1: [['08:00', '20:00']] }, from: start }
    expect(await post(own, 'schedules', hours)).toMatchObject({ status: 201 })
    expect(await post(own, 'schedules', { ...hours, weekly: {} })).toMatchObject({
      status: 422,
      field: 'from',
    })
    expect(await told(operator, 'PATCH', url, change)).toMatchObject({ status: 200, class: 'special' })
    expect(await post(operator, 'schedules', { ...hours, weekly: {} })).toMatchObject({ status: 201 })
  })
})

it('nobody below an admin sets anything up, and keys do as far as they were made for it', async () => {
  for (const role of ['viewer', 'facility_manager', 'regulator'] as const) {
    const caller = await world.caller(role, ['gibh'])
    for (const url of ['instruments', 'schedules', 'memberships', 'organisations', 'enrol/codes'])
      expect((await post(caller, url, {}))['status']).toBe(403)
  }
  expect((await own.get('/api/v1/me')).json()).toMatchObject({
    rights: ['public', 'read', 'write', 'enrol', 'admin'],
  })
})
