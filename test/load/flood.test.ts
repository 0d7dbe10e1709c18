import { createBroker } from '@hours/broker'
import { createManualClock, pageTopic, stateTopic, statusTopic } from '@hours/protocol'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectLoad, type LoadClient } from '../../bench/mqtt-load.ts'
import { pageMs } from '../../ingest/src/ingest.fixture.ts'
import { createDoorsWorld, type DoorsWorld } from '../doors/doors.fixture.ts'
import { hostileCases } from '../hostile-cases.ts'

/**
 * A gateway that is enrolled and sends as fast as its line allows, against a whole site. The broker's clock stands still:
 * what a gateway may send at once is all it may send.
 */
hostileCases()
const site = 'gz-gibh' as never
const hostile = 'gw-both' as never
let world: DoorsWorld
let broker: Awaited<ReturnType<typeof createBroker>>
let honest: LoadClient
let greedy: LoadClient
beforeEach(async () => {
  world = await createDoorsWorld()
  for (const id of ['gw-1', 'gw-both']) world.ingest.setGatewayPassword(id, 'pw')
  broker = await createBroker({
    commit: world.ingest.commit,
    directory: world.ingest.directory,
    log: pino({ level: 'silent' }),
    clock: createManualClock(0),
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
  })
  world.ingest.attach(broker.publish)
  honest = await login('gw-1')
  greedy = await login('gw-both')
})
afterEach(async () => {
  honest.close()
  greedy.close()
  await broker.close()
  await world.close()
})

const login = (id: string) => connectLoad({ port: broker.port, clientId: id, username: id, password: 'pw' })
const count = (name: string) => world.ingest.metrics()[name] ?? 0

/** Ten pages of the honest gateway, each acknowledged, while `flood` is under way. */
async function honestPages(): Promise<void> {
  const { gateway, clock } = world
  for (let n = 0; n < 10; n++) {
    const payload = gateway.page({ 'sem-01': [['run', 0, pageMs]] })
    clock.advanceTo(gateway.at() + 1_000)
    await honest.publishAll([{ topic: gateway.topic, payload }], 1)
  }
  await world.ingest.settled()
}

describe('of 6,000 messages at once, each refused', () => {
  it.each([
    ['forged pages', pageTopic(site, hostile), Buffer.from('e30.e30.AAAA')],
    ['broken heartbeats', statusTopic(site, hostile), Buffer.from('{"v":1,"online":"yes"}')],
    ['states of others', stateTopic(site, hostile, 'sem-01' as never), Buffer.from('{"v":1}')],
  ])('%s: 500 are looked at, the others wait, and nobody else does', async (_what, topic, payload) => {
    const [pages, refused] = [count('pages'), count('refused')]
    for (let n = 0; n < 6_000; n++) greedy.send({ topic, payload })
    await honestPages()
    await vi.waitFor(() => expect(count('refused') - refused).toBeGreaterThan(4), 20_000)
    expect(count('refused') - refused).toBeLessThanOrEqual(500)
    expect(count('pages') - pages).toBe(10)
  })
})

it('a flood over ever new connections brings no more than over one', async () => {
  const refused = count('refused')
  const topic = pageTopic(site, hostile)
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 2_000; n++) greedy.send({ topic, payload: Buffer.from('e30.e30.AAAA') })
    greedy.close()
    await greedy.ended
    greedy = await login('gw-both')
  }
  await honestPages()
  expect(count('refused') - refused).toBeLessThanOrEqual(500)
})
