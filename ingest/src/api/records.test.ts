import { createManualClock, HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from '../access/door.ts'
import type { Role } from '../access/rights.ts'
import { enrolmentRecord, freshFolder, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

type Figures = { readonly figures: readonly { readonly kpi: string; readonly value: number | null }[] }
let world: ApiWorld
let door: Door
/** Two people of GIBH, the operator, and one of another house at the same site. */
const people = new Map<string, Record<string, string>>()

const organisation = (id: string, parent: string | null, kind = 'entity') =>
  ({
    kind: 'organisation',
    stream: 'installation',
    body: { id, parent, kind, names: { en: `The ${id}` }, from: start - 1 },
  }) as never

beforeAll(async () => {
  door = await openDoor({
    dataDir: freshFolder(),
    clock: createManualClock(start),
    askRate: { perSecond: 1_000, burst: 1_000_000 },
  })
  world = await createApiWorld({ door })
  const foreign = enrolmentRecord('gw-1', 'fib-01')
  await world.ingest.recordAll([
    organisation('kanghe-bio', null),
    organisation('other-house', null),
    { ...foreign, body: { ...foreign.body, unit: 'other-house' } } as never,
  ])
  world.clock.advanceTo(start + 24 * HOUR)
  const add = async (id: string, role: Role, organisations: string[] | null) => {
    await door.accounts.create({ id, name: id, role, organisations }, null)
    const key = door.accounts.createKey({
      account: id,
      label: 't',
      scopes: ['read', 'write', 'admin', 'operate'],
      days: 30,
    })
    people.set(id, { authorization: `Bearer ${key}` })
  }
  await add('wang', 'facility_manager', ['gibh'])
  await add('chen', 'facility_manager', ['gibh'])
  await add('foreigner', 'facility_manager', ['other-house'])
  await add('guest', 'viewer', ['gibh'])
  await add('root', 'operator', null)
})
afterAll(async () => {
  await world.close()
  door.close()
})

async function post(who: string, url: string, payload: unknown) {
  const headers = people.get(who) ?? {}
  const path = `/api/v1/${url}`
  const response = await world.api.inject({ method: 'POST', url: path, headers, payload: payload as object })
  return { status: response.statusCode, body: response.json<Record<string, unknown>>() }
}
async function get(who: string, url: string) {
  const response = await world.get(`/api/v1/${url}`, people.get(who))
  const body = response.json<{ items: Record<string, unknown>[]; next: string | null; total: number }>()
  return { status: response.statusCode, ...body }
}

const session = (id: string, more: object = {}) => ({
  id,
  instrument: 'gz-gibh/sem-01',
  from: start + HOUR,
  to: start + 2 * HOUR,
  user: 'Li Wei',
  beneficiary: 'kanghe-bio',
  purpose: 'service',
  ...more,
})

describe('sessions over the API', () => {
  it('one is created, repeated without harm, and refused with field, value and fix', async () => {
    const approval = { by: 'Dean', at: start, sha256: 'a'.repeat(64) }
    const first = await post('wang', 'sessions', session('one', { approval, shifts: 2, yuan: 100 }))
    expect(first).toMatchObject({ status: 201, body: { accepted: 1 } })
    expect(await post('wang', 'sessions', session('one', { approval, shifts: 2, yuan: 100 }))).toMatchObject({
      status: 200,
      body: { repeated: 1 },
    })
    const [item] = (await get('wang', 'sessions')).items
    expect(item).toMatchObject({ id: 'one', actor: 'wang', shifts: 2, approval: { at: start } })
    expect(JSON.stringify(item)).not.toMatch(/Li Wei|Dean/)
    const refused = await post('wang', 'sessions', session('two', { to: start }))
    expect(refused).toMatchObject({ status: 422, body: { field: 'to', status: 422 } })
    expect(refused.body['fix']).toBe('swap from and to, or correct one')
    expect((await post('guest', 'sessions', session('x'))).status).toBe(403)
  })

  it('two channels that send the same session by one external id make one session and one charge', async () => {
    const a = session('', { id: undefined, from: start + 3 * HOUR, to: start + 4 * HOUR, yuan: 50 })
    const ids = [{ channel: 'nrii', id: '77' }]
    await post('wang', 'sessions', { ...a, externalIds: ids })
    const before = (await get('wang', 'charges')).items.length
    const second = await post('chen', 'sessions', {
      ...a,
      externalIds: [...ids, { channel: 'siat', id: 'b-9' }],
    })
    // The second channel's own id is news, so it waits for a second person; there is one session and one charge.
    expect(second).toMatchObject({ status: 202, body: { corrections: 1 } })
    expect((await get('wang', 'sessions')).items.filter(({ from }) => from === a.from)).toHaveLength(1)
    expect((await get('wang', 'charges')).items).toHaveLength(before)
    expect(await post('chen', 'sessions', { ...a, externalIds: ids })).toMatchObject({
      body: { repeated: 1 },
    })
  })

  it('marks what two channels tell under different ids as perhaps one session', async () => {
    const at = { from: start + 5 * HOUR, to: start + 6 * HOUR }
    await post('wang', 'sessions', session('p', { ...at, externalIds: [{ channel: 'a', id: '1' }] }))
    const twin = await post(
      'wang',
      'sessions',
      session('q', { ...at, externalIds: [{ channel: 'b', id: '2' }] }),
    )
    expect(JSON.stringify(twin.body['rows'])).toContain('proposed_duplicate')
    const pair = { site: 'gz-gibh', sessions: ['p', 'q'] }
    expect((await get('chen', 'duplicates')).items).toMatchObject([pair])
    expect((await get('foreigner', 'duplicates')).items).toEqual([])
    expect((await post('foreigner', 'duplicates', pair)).status).toBe(404)
    expect((await post('chen', 'duplicates', pair)).status).toBe(201)
    expect((await post('chen', 'duplicates', pair)).status).toBe(200)
    expect((await get('chen', 'duplicates')).items).toEqual([])
  })

  it('tells a name to who keeps the records of that person, and forgets it when asked to', async () => {
    const { items } = await get('wang', 'sessions')
    const url = `/api/v1/people/${String(items.find(({ id }) => id === 'p')?.['user'])}`
    const ask = async (who: string, method: 'GET' | 'DELETE' = 'GET') =>
      world.api.inject({ method, url, headers: people.get(who) ?? {} })
    expect((await ask('wang')).json()).toMatchObject({ name: 'Li Wei' })
    expect((await ask('foreigner')).statusCode).toBe(404)
    expect((await ask('guest')).statusCode).toBe(403)
    expect((await ask('wang', 'DELETE')).statusCode).toBe(403)
    expect((await ask('root', 'DELETE')).statusCode).toBe(204)
    expect((await ask('wang')).statusCode).toBe(404)
    expect((await get('wang', 'sessions')).items).toEqual(items)
  })

  it('pages by a cursor that later records do not shift, and filters by instrument, time and organisation', async () => {
    const many = Array.from({ length: 25 }, (_, i) =>
      session(`m${String(i)}`, {
        instrument: 'gz-gibh/nmr-01',
        from: start + i * 60_000,
        to: start + (i + 1) * 60_000,
      }),
    )
    expect(await post('wang', 'sessions', many)).toMatchObject({ status: 200, body: { accepted: 25 } })
    const seen: unknown[] = []
    let cursor = ''
    for (let page = 0; page < 10; page++) {
      const { items, next } = await get('wang', `sessions?instrument=gz-gibh/nmr-01&limit=7${cursor}`)
      seen.push(...items.map(({ id }) => id))
      if (page === 0)
        await post(
          'wang',
          'sessions',
          session('early', { instrument: 'gz-gibh/nmr-01', from: start, to: start + 1 }),
        )
      if (next === null) break
      cursor = `&cursor=${next}`
    }
    expect(seen).toEqual(many.map(({ id }) => id))
    const window = await get(
      'wang',
      `sessions?instrument=gz-gibh/nmr-01&from=${start + 60_000}&to=${start + 180_000}`,
    )
    expect(window.items.map(({ id }) => id)).toEqual(['m1', 'm2'])
    expect((await get('wang', 'sessions?organisation=gibh&limit=500')).items.length).toBeGreaterThan(25)
    expect((await get('wang', 'sessions?organisation=nowhere')).status).toBe(404)
    expect((await get('wang', 'sessions?cursor=nonsense')).status).toBe(400)
  })

  it('says for each session whether a booking stands for that time', async () => {
    await post('wang', 'bookings', { ...session('b1'), purpose: undefined })
    await post('wang', 'bookings', {
      ...session('b2', { from: start + 5 * HOUR, to: start + 6 * HOUR }),
      cancelled: true,
    })
    const { items } = await get('wang', 'sessions?instrument=gz-gibh/sem-01')
    const booked = new Map(items.map((one) => [one['id'], one['booked']]))
    expect([booked.get('one'), booked.get('p')]).toEqual([true, false])
  })

  it('shows nobody the records of another house at the same site, nor lets them be touched by their id', async () => {
    await post('foreigner', 'sessions', session('theirs', { instrument: 'gz-gibh/fib-01', user: 'Zoe' }))
    expect((await get('foreigner', 'sessions')).items.map(({ id }) => id)).toEqual(['theirs'])
    expect((await get('wang', 'sessions?limit=500')).items.map(({ id }) => id)).not.toContain('theirs')
    const stolen = await post('wang', 'sessions', session('theirs'))
    expect(stolen).toMatchObject({
      status: 422,
      body: { field: 'id', detail: 'this id is taken at this site' },
    })
    expect(
      (await post('wang', 'sessions', session('n', { instrument: 'gz-gibh/fib-01' }))).body,
    ).toMatchObject({
      field: 'instrument',
    })
    expect((await post('wang', 'sessions/theirs/void', { reason: 'mine now' })).status).toBe(404)
  })
})

describe('the API document', () => {
  it('names every kind of record, with an example that the door takes', async () => {
    interface Operation {
      summary?: string
      requestBody?: { content: { 'application/json': { schema: { anyOf: { examples?: object[] }[] } } } }
    }
    const document = (await world.get('/api/v1/openapi.json')).json<{
      paths: Record<string, { post?: Operation }>
    }>()
    const post_ = document.paths['/api/v1/sessions']?.post
    expect(post_?.summary).toContain('session')
    const [example] = post_?.requestBody?.content['application/json'].schema.anyOf[1]?.examples ?? []
    const taken = await post('wang', 'sessions', {
      ...example,
      from: start + 20 * HOUR,
      to: start + 21 * HOUR,
      tariff: '',
    })
    expect(taken.status).toBe(201)
    for (const path of ['bookings', 'claims', 'compute', 'ratings', 'imports'])
      expect(document.paths[`/api/v1/${path}`]?.post).toBeDefined()
  })
})

describe('tariffs', () => {
  it('price a use by what its beneficiary is to the managing unit, in the unit of the tariff', async () => {
    const tariff = (id: string, relation: string, unit: string, fen: number) =>
      post('wang', 'tariffs', { id, instrument: 'gz-gibh/nmr-01', relation, unit, fen, from: start })
    expect((await tariff('out', 'external', 'hour', 30_000)).status).toBe(201)
    expect((await tariff('out', 'external', 'hour', 30_000)).status).toBe(200)
    await tariff('in', 'own_unit', 'sample', 1_500)
    expect((await get('wang', 'tariffs?instrument=gz-gibh/nmr-01')).items).toHaveLength(2)
    expect((await get('foreigner', 'tariffs')).items).toEqual([])
    const use = {
      instrument: 'gz-gibh/nmr-01',
      from: start + 12 * HOUR,
      to: start + 14.5 * HOUR,
      tariff: 'auto',
    }
    await post('wang', 'sessions', session('t1', use))
    await post('wang', 'sessions', session('t2', { ...use, beneficiary: 'gibh', samples: 4 }))
    const charges = (await get('wang', 'charges?instrument=gz-gibh/nmr-01')).items
    expect(charges.map((one) => [one['session'], one['tariff'], one['fen']]).sort()).toEqual([
      ['t1', 'out', 75_000],
      ['t2', 'in', 6_000],
    ])
    const refused = async (more: object) =>
      (await post('wang', 'sessions', session('t3', { ...use, ...more }))).body
    expect((await refused({ beneficiary: 'gibh' }))['detail']).toContain('by the sample')
    expect(await refused({ tariff: 'in' })).toMatchObject({
      detail: 'no such tariff of gz-gibh/nmr-01 is for external at that time',
      fix: 'there are out (external, by the hour), in (own_unit, by the sample)',
    })
  })
})

describe('corrections', () => {
  it('a session is taken back by a record that counts when a second person agrees, and stays away', async () => {
    await post('wang', 'sessions', session('wrong', { from: start + 8 * HOUR, to: start + 9 * HOUR }))
    const asked = await post('wang', 'sessions/wrong/void', { reason: 'never happened' })
    expect(asked).toMatchObject({ status: 202, body: { waits: true } })
    expect(await post('wang', 'sessions/wrong/void', { reason: 'never happened' })).toEqual(asked)
    const hash = String(asked.body['hash'])
    const stands = async () =>
      (await get('wang', 'sessions?limit=500')).items.some(({ id }) => id === 'wrong')
    expect(await stands()).toBe(true)
    expect((await post('wang', `corrections/${hash}/approve`, {})).status).toBe(409)
    expect((await post('foreigner', `corrections/${hash}/approve`, {})).status).toBe(404)
    const agreed = await post('chen', `corrections/${hash}/approve`, { role: 'head of facility' })
    expect(agreed).toMatchObject({
      status: 201,
      body: { stands: true, approvals: [{ by: 'chen', role: 'head of facility' }] },
    })
    expect(await stands()).toBe(false)
    // A feed that still has it does not bring it back.
    expect(
      await post('wang', 'sessions', session('wrong', { from: start + 8 * HOUR, to: start + 9 * HOUR })),
    ).toMatchObject({
      body: { repeated: 1 },
    })
    expect(await stands()).toBe(false)
  })

  it('a field is corrected with the old value kept, and the approved one is what lists and repeats compare with', async () => {
    await post('wang', 'sessions', session('c', { from: start + 10 * HOUR, to: start + 11 * HOUR }))
    const of = (await get('wang', 'sessions?limit=500')).items.find(({ id }) => id === 'c')?.['hash']
    const bad = await post('wang', 'corrections', { of, reason: 'typing error', changes: { to: start } })
    expect(bad).toMatchObject({ status: 422, body: { field: 'to' } })
    expect((await post('wang', 'corrections', { of, reason: 'typing error' })).status).toBe(400)
    const changes = { to: start + 12 * HOUR, samples: 9 }
    const asked = await post('wang', 'corrections', { of, reason: 'typing error', changes })
    expect(asked.status).toBe(202)
    const waiting = (await get('chen', 'corrections')).items.find(({ hash }) => hash === asked.body['hash'])
    expect(waiting).toMatchObject({
      id: 'c',
      before: { to: start + 11 * HOUR },
      after: { to: start + 12 * HOUR, samples: 9 },
      stands: false,
    })
    await post('chen', `corrections/${String(asked.body['hash'])}/approve`, {})
    const now = (await get('wang', 'sessions?limit=500')).items.find(({ id }) => id === 'c')
    expect(now).toMatchObject({ to: start + 12 * HOUR, samples: 9 })
    const same = session('c', { from: start + 10 * HOUR, ...changes })
    expect(await post('wang', 'sessions', same)).toMatchObject({ body: { repeated: 1 } })
    expect((await get('chen', 'corrections?state=approved')).total).toBe(2)
  })

  it('money and ratings go with a session that is taken back, and count once for one that two channels told', async () => {
    const kpis = ['incomeOutsideFen', 'voucherFen', 'ratings']
    const sums = async () => {
      const url = '/api/v1/figures?scope=gz-gibh/sem-01&period=2026-01-05&members=0'
      const { figures } = (await world.get(url, people.get('wang'))).json<Figures>()
      return kpis.map((kpi) => figures.find((one) => one.kpi === kpi)?.value ?? 0)
    }
    const before = await sums()
    const added = async () => (await sums()).map((sum, i) => sum - (before[i] ?? 0))
    const paid = { from: start + 13 * HOUR, to: start + 14 * HOUR, yuan: 500, voucherYuan: 100, score: 4 }
    await post('wang', 'sessions', session('paid', paid))
    await post('wang', 'sessions', session('paid-twice', paid))
    expect(await added()).toEqual([100_000, 20_000, 2])
    await post('wang', 'duplicates', { site: 'gz-gibh', sessions: ['paid', 'paid-twice'] })
    expect(await added()).toEqual([50_000, 10_000, 1])
    const { body } = await post('wang', 'sessions/paid/void', { reason: 'never happened' })
    expect(await added()).toEqual([50_000, 10_000, 1])
    await post('chen', `corrections/${String(body['hash'])}/approve`, {})
    expect(await added()).toEqual([0, 0, 0])
  })
})

describe('organisations', () => {
  const unit = { id: 'em-lab', parent: 'gibh', kind: 'unit', names: { en: 'EM lab' }, from: start }

  it('stand in a dated tree; what cannot stand there is refused by name', async () => {
    expect((await post('wang', 'organisations', unit)).status).toBe(403)
    expect((await post('root', 'organisations', unit)).status).toBe(201)
    expect((await post('root', 'organisations', unit)).status).toBe(200)
    const later = { ...unit, parent: 'kanghe-bio', from: start + 12 * HOUR }
    expect((await post('root', 'organisations', later)).status).toBe(201)
    const parentAt = async (at: number) =>
      (await get('root', `organisations?at=${at}`)).items.find(({ id }) => id === 'em-lab')?.['parent']
    expect(await parentAt(start + HOUR)).toBe('gibh')
    expect(await parentAt(start + 13 * HOUR)).toBe('kanghe-bio')
    expect((await get('root', 'organisations/em-lab')).items.map(({ from }) => from)).toEqual([
      start,
      later.from,
    ])
    const refused = async (change: object) =>
      (await post('root', 'organisations', { ...unit, id: 'x', ...change })).body
    expect(await refused({ parent: 'gib' })).toMatchObject({ field: 'parent', fix: 'did you mean gibh?' })
    expect(await refused({ parent: null })).toMatchObject({ field: 'parent' })
    expect(await refused({ zone: 'Mars/Olympus' })).toMatchObject({ field: 'zone' })
    expect(await refused({ kind: 'city' })).toMatchObject({ field: 'kind' })
    expect(await refused({ id: 'gibh', parent: 'em-lab', kind: 'unit', from: start + HOUR })).toMatchObject({
      field: 'parent',
      reason: '"gibh" would stand above itself',
    })
  })

  it('instruments move between them from an instant on, and are counted once at each', async () => {
    const moved = await post('root', 'instruments/gz-gibh/sem-01/moves', {
      unit: 'em-lab',
      from: start + 6 * HOUR,
    })
    expect(moved.status).toBe(201)
    const counted = async (at: number) =>
      Object.fromEntries(
        (await get('root', `organisations?at=${at}`)).items.map((one) => [one['id'], one['instruments']]),
      ) as Record<string, unknown>
    expect(await counted(start + HOUR)).toMatchObject({ gibh: 2, 'em-lab': 0, 'other-house': 1 })
    expect(await counted(start + 7 * HOUR)).toMatchObject({ gibh: 2, 'em-lab': 1 })
    expect(await counted(start + 13 * HOUR)).toMatchObject({ gibh: 1, 'em-lab': 1, 'kanghe-bio': 1 })
    expect((await post('root', 'instruments/gz-gibh/sem-01/moves', { unit: 'nobody' })).body).toMatchObject({
      ...{ status: 422, field: 'unit', reason: 'nobody knows this organisation' },
    })
  })

  it('channels list instruments and organisations, many to many, each instrument once in a total', async () => {
    const member = (channel: string, more: object) =>
      post('root', 'memberships', { channel, from: start, ...more })
    expect((await member('gd-net', { instrument: 'gz-gibh/nmr-01' })).status).toBe(201)
    expect((await member('gd-net', { instrument: 'gz-gibh/nmr-01' })).status).toBe(200)
    expect((await member('gd-net', { organisation: 'gibh' })).status).toBe(201)
    expect((await member('gz-net', { instrument: 'gz-gibh/nmr-01' })).status).toBe(201)
    expect((await member('gz-net', { instrument: 'gz-gibh/nmr-1' })).body).toMatchObject({
      ...{ status: 422, field: 'instrument', fix: 'did you mean gz-gibh/nmr-01?' },
    })
    expect((await member('gz-net', {})).status).toBe(422)
    expect((await get('root', 'memberships?channel=gd-net')).items).toHaveLength(2)
    const url = '/api/v1/usage?scope=channel:gd-net&period=2026-01-05&by=period'
    const usage = (await world.get(url, people.get('root'))).json<{ rows: { key: string }[] }>()
    const keys = usage.rows.map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys).toContain('gz-gibh/nmr-01')
  })
})
