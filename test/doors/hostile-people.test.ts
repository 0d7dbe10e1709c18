import { join } from 'node:path'
import { createInfluxSeries, createSeriesOutbox } from '@hours/ingest'
import { stateTopic } from '@hours/protocol'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { start } from '../../ingest/src/ingest.fixture.ts'
import { hostileCases } from '../hostile-cases.ts'
import { type Caller, createDoorsWorld, type DoorsWorld } from './doors.fixture.ts'

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
