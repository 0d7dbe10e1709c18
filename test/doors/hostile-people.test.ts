import { stateTopic } from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
