import { join } from 'node:path'
import { createInfluxSeries, createSeriesOutbox } from '@hours/ingest'
import { DAY, stateTopic } from '@hours/protocol'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { start } from '../../ingest/src/ingest.fixture.ts'
import { hostileCases } from '../hostile-cases.ts'
import { type Caller, callerOf, createDoorsWorld, type DoorsWorld, password } from './doors.fixture.ts'

/** People who reach for what is another's (issue "Doors"): each attack, what it gets, and that others lose nothing. */
const count = hostileCases()
let world: DoorsWorld
let operator: Caller
let admin: Caller
beforeEach(async () => {
  world = await createDoorsWorld()
  operator = await world.caller('operator', null)
  admin = await world.caller('organisation_admin', ['gibh'])
})
afterEach(() => world.close())

describe('live events', () => {
  it('of an instrument that has moved to another organisation end with the move, also for who was listening', async () => {
    const address = await world.api.listen({ host: '127.0.0.1', port: 0 })
    const stop = new AbortController()
    const listen = async ({ headers }: Caller) =>
      (await fetch(`${address}/api/v1/events`, { headers, signal: stop.signal }))
        .body!.pipeThrough(new TextDecoderStream())
        .getReader()
    const [old, all] = [await listen(admin), await listen(operator)]
    const until = async (reader: typeof old, what: string) => {
      let text = ''
      while (!text.includes(what)) text += (await reader.read()).value ?? ''
      return text
    }
    const tell = (id: string, state: string) =>
      world.ingest.commit({
        topic: stateTopic('gz-gibh' as never, 'gw-1' as never, id as never),
        payload: Buffer.from(
          JSON.stringify({ v: 1, state, since: world.clock.wall(), at: world.clock.wall(), why: 'power' }),
        ),
        client: 'gw-1' as never,
      })
    await tell('sem-01', 'run')
    await until(old, '"run"')
    const moved = await operator.send('POST', '/api/v1/instruments/gz-gibh/sem-01/moves', { unit: 'zebra' })
    expect(moved.statusCode, moved.body).toBe(201)
    world.clock.advanceTo(world.clock.wall() + 120_000)
    await world.ingest.settled()
    expect((await admin.get('/api/v1/instruments/gz-gibh/sem-01')).statusCode).toBe(404)
    await tell('sem-01', 'fault')
    await tell('nmr-01', 'standby')
    expect(await until(all, '"standby"')).toContain('"fault"')
    const heard = await until(old, '"standby"')
    expect(heard).not.toContain('sem-01')
    count()
    stop.abort()
  })

  it('are for GET alone: HEAD takes no listener’s place', async () => {
    const answer = await world.api.inject({ method: 'HEAD', url: '/api/v1/events', headers: admin.headers })
    expect(answer.statusCode).toBe(404)
    count()
  })
})

const session = (id: string, more: object) => ({
  ...{ externalId: id, channel: 'national', beneficiary: 'gibh', purpose: 'research' },
  ...{ from: '2026-01-05 01:00', to: '2026-01-05 02:00', user: 'Zhang San', instrument: 'gz-gibh/nmr-01' },
  ...more,
})
interface Listed {
  readonly items: readonly { readonly id: string; readonly user: string; readonly hash: string }[]
}

describe('a person whom two organisations keep', () => {
  it('is forgotten by neither alone; by one when it is the only one; by the operator for both', async () => {
    const theirs = { instrument: 'gz-gibh/zebra-shared', beneficiary: 'zebra' }
    expect((await operator.send('POST', '/api/v1/sessions', session('z1', theirs))).statusCode).toBe(201)
    expect((await admin.send('POST', '/api/v1/sessions', session('g1', {}))).statusCode).toBe(201)
    const alone = { user: 'Li Wei', from: '2026-01-05 03:00', to: '2026-01-05 04:00' }
    await admin.send('POST', '/api/v1/sessions', session('g2', alone))
    const { items } = (await admin.get('/api/v1/sessions')).json<Listed>()
    const of = (id: string) => `/api/v1/people/${items.find((one) => one.id.endsWith(id))?.user ?? ''}`
    expect((await admin.get(of('g1'))).json()).toMatchObject({ name: 'Zhang San' })
    expect((await admin.send('DELETE', of('g1'))).statusCode).toBe(409)
    expect((await operator.get(of('g1'))).json()).toMatchObject({ name: 'Zhang San' })
    expect((await admin.send('DELETE', of('g2'))).statusCode).toBe(204)
    expect((await admin.get(of('g2'))).statusCode).toBe(404)
    expect((await operator.send('DELETE', of('g1'))).statusCode).toBe(204)
    expect((await admin.get(of('g1'))).statusCode).toBe(404)
    count()
  })
})

/** Makes an account by `by`, opens its link, and is it from then on. */
async function letIn(by: Caller, id: string, link?: string): Promise<Caller> {
  const body = { id, name: id, role: 'facility_manager', organisations: ['gibh'] }
  const made = link ?? (await by.send('POST', '/api/v1/accounts', body)).json<{ link: string }>().link
  const payload = { token: made.split('#')[1], password }
  const welcome = await world.api.inject({ method: 'POST', url: '/api/v1/welcome', payload })
  const cookie = welcome.cookies.find(({ name }) => name === '__Host-hours')?.value ?? ''
  return callerOf(world, {
    cookie: `__Host-hours=${cookie}`,
    'x-csrf-token': welcome.json<{ csrf: string }>().csrf,
  })
}

describe('a correction', () => {
  /** The hash of a proposal to take a session of its own back. */
  async function propose(caller: Caller, id: string, more: object): Promise<string> {
    await caller.send('POST', '/api/v1/sessions', session(id, more))
    const { items } = (await caller.get('/api/v1/sessions')).json<Listed>()
    const of = items.find((one) => one.id.endsWith(id))?.hash
    const made = await caller.send('POST', '/api/v1/corrections', {
      of,
      reason: 'make it go away',
      void: true,
    })
    expect(made.statusCode, made.body).toBe(202)
    return made.json<{ hash: string }>().hash
  }
  const approve = async (caller: Caller, hash: string) =>
    (await caller.send('POST', `/api/v1/corrections/${hash}/approve`, { role: 'second' })).statusCode
  const at = (hour: number) => ({ from: `2026-01-05 0${hour}:00`, to: `2026-01-05 0${hour}:30` })

  it('is not approved by an account that its proposer has made or reset, nor by one of the same maker', async () => {
    const [puppet, second] = [await letIn(admin, 'puppet'), await letIn(admin, 'second')]
    const hash = await propose(admin, 'c1', at(1))
    expect(await approve(admin, hash)).toBe(409)
    expect(await approve(puppet, hash)).toBe(409)
    // The other way round, and by a third hand.
    const own = await propose(puppet, 'c2', at(2))
    expect([await approve(admin, own), await approve(second, own)]).toEqual([409, 409])
    const colleague = await world.caller('facility_manager', ['gibh'])
    const { account } = (await colleague.get('/api/v1/me')).json<{ account: string }>()
    const reset = await admin.send('POST', `/api/v1/accounts/${account}/reset`)
    const taken = await letIn(admin, account, reset.json<{ link: string }>().link)
    expect(await approve(taken, hash)).toBe(409)
    for (let i = 0; i < 4; i++) count()
    const honest = await world.caller('facility_manager', ['gibh'])
    expect(await approve(honest, hash)).toBe(201)
    world.doorClock.advanceTo(world.doorClock.wall() + 31 * DAY)
    const later = await world.caller('facility_manager', ['gibh'])
    expect(await approve(later, own)).toBe(201)
  })

  it('of two people whom the operator let in at the first day stands', async () => {
    const [one, other] = [await letIn(operator, 'one'), await letIn(operator, 'other')]
    expect(await approve(other, await propose(one, 'c3', at(3)))).toBe(201)
  })

  it('by somebody whose id is an e-mail address has no address in the log, and is still his own', async () => {
    const lin = await letIn(operator, 'lin@campus.example')
    const hash = await propose(lin, 'c4', at(4))
    const size = world.ingest.log.size()
    const all = Array.from({ length: size }, (_, index) => world.ingest.log.entry({ year: 2026, index }))
    expect(all.map((bytes) => Buffer.from(bytes).toString()).join('')).not.toContain('campus')
    const payloads = all.map((bytes) =>
      Buffer.from(Buffer.from(bytes).toString().split('.')[1] ?? '', 'base64url'),
    )
    expect(payloads.join('')).not.toContain('campus')
    expect(await approve(lin, hash)).toBe(409)
    const { items } = (await admin.get('/api/v1/corrections')).json<{ items: { actor: string }[] }>()
    const actor = items[0]?.actor ?? ''
    expect(actor).toMatch(/^p-/)
    expect((await admin.get(`/api/v1/people/${actor}`)).json()).toMatchObject({ name: 'lin@campus.example' })
    const elsewhere = await world.caller('organisation_admin', ['zebra'])
    expect((await elsewhere.get(`/api/v1/people/${actor}`)).statusCode).toBe(404)
    count()
  })
})

describe('who asks without a right to know', () => {
  const secret = '/srv/hours/keys/log.pem'

  it('hears from /health whether all is well, and nothing of stores and witnesses', async () => {
    const store = createInfluxSeries({ url: 'http://127.0.0.1:1', database: 'secretdb' })
    const outbox = createSeriesOutbox({
      path: join(world.folder, 'outbox.sqlite'),
      store,
      clock: world.clock,
    })
    const own = await createDoorsWorld({ outbox })
    const point = {
      measurement: 'power',
      tags: { site: 's', instrument: 'i' },
      fields: { w: { f: 1 } },
      at: start,
    }
    outbox.put([point as never])
    await vi.waitFor(() => expect(outbox.state().failing).toContain('127.0.0.1:1'))
    const nobody = (await own.get('/health')).json<Record<string, unknown>>()
    expect(nobody).toMatchObject({ ok: true, series: null, witnesses: [] })
    const viewer = await own.caller('viewer', ['gibh'])
    const seen = await viewer.get('/health')
    expect(seen.json()).toMatchObject({ series: { pending: 1, failing: 'ask the operator' } })
    expect(seen.body).not.toMatch(/127\.0\.0\.1|secretdb/)
    const whole = await (await own.caller('operator', null)).get('/health')
    expect(whole.body).toContain('127.0.0.1:1')
    count()
    count()
    await outbox.close()
    await own.close()
  })

  it('hears of a report that failed by a fault of the server only that, and the operator finds it in the log', async () => {
    const lines: string[] = []
    const log = pino({}, { write: (line: string) => void lines.push(line) })
    const writeBundle = () => Promise.reject(new Error(`ENOENT: no such file, open '${secret}'`))
    const own = await createDoorsWorld({ log, writeBundle })
    const caller = await own.caller('operator', null)
    const made = await caller.send('POST', '/api/v1/reports', {
      ...{ scope: 'org:gibh', period: '2026-01', format: 'bundle' },
    })
    const url = `/api/v1/reports/${made.json<{ id: string }>().id}`
    await vi.waitFor(async () => expect((await caller.get(url)).json()).toMatchObject({ state: 'failed' }))
    const job = await caller.get(url)
    expect(job.json()).toMatchObject({ problem: { title: 'the server failed', status: 500 } })
    expect(job.body).not.toContain('/srv')
    expect(lines.filter((line) => line.includes(secret)).length).toBe(1)
    count()
    await own.close()
  })
})
