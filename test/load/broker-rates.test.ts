import { createBroker, hashPassword } from '@hours/broker'
import { GatewayId, type GatewayIdentity, pageTopic, SiteId } from '@hours/protocol'
import { pino } from 'pino'
import { afterEach, expect, it } from 'vitest'
import { connectLoad } from '../../bench/mqtt-load.ts'

const site = SiteId.parse('lab')
let broker: Awaited<ReturnType<typeof createBroker>>
afterEach(() => broker.close())

it('a gateway above its rate has its acknowledgements later, and another one does not notice', async () => {
  const password = await hashPassword('pw')
  const taken: string[] = []
  const find = (id: string): GatewayIdentity => ({
    site,
    gateway: GatewayId.parse(id),
    revoked: false,
    password,
  })
  broker = await createBroker({
    commit: ({ client }) => {
      taken.push(client ?? '')
      return Promise.resolve()
    },
    directory: { find },
    log: pino({ level: 'silent' }),
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
    limits: { publishesPerSecond: 100, publishBurst: 100 },
  })
  const join = (id: string) => connectLoad({ port: broker.port, clientId: id, username: id, password: 'pw' })
  const [greedy, modest] = [await join('gw-greedy'), await join('gw-modest')]
  const page = (id: string) => ({ topic: pageTopic(site, GatewayId.parse(id)), payload: Buffer.from('x') })
  const began = performance.now()
  // The first hundred at once, the second hundred over a second.
  const flood = greedy.publishAll(
    Array.from({ length: 200 }, () => page('gw-greedy')),
    200,
  )
  const waits: number[] = []
  for (let n = 0; n < 20; n++) {
    const from = performance.now()
    await modest.publishAll([page('gw-modest')], 1)
    waits.push(performance.now() - from)
  }
  expect(greedy.acknowledged()).toBeLessThan(200)
  expect(Math.max(...waits)).toBeLessThan(500)
  await flood
  expect(performance.now() - began).toBeGreaterThan(800)
  expect(taken.filter((one) => one === 'gw-greedy').length).toBe(200)
  greedy.close()
  modest.close()
})
