import { createManualClock } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from '../../ingest/src/access/door.ts'
import { type ApiWorld, createApiWorld } from '../../ingest/src/api/api.fixture.ts'
import { freshFolder, start } from '../../ingest/src/ingest.fixture.ts'
import { hostileCases } from '../hostile-cases.ts'

/** Ways around the limits of the HTTP door, at the rates a site has. The clock stands still: nothing is refilled. */
const count = hostileCases()
let door: Door
let world: ApiWorld
beforeAll(async () => {
  door = await openDoor({ dataDir: freshFolder(), clock: createManualClock(start) })
  world = await createApiWorld({ door })
})
afterAll(async () => {
  await world.close()
  door.close()
})

const statuses = async (many: number, ask: (i: number) => Promise<{ statusCode: number }>) => {
  const all = await Promise.all(Array.from({ length: many }, (_, i) => ask(i)))
  count()
  return all.map(({ statusCode }) => statusCode)
}

describe('the pace of an address', () => {
  it.each([
    ['/api/v1/login', '10.0.0.1'],
    ['/%61pi/v1/login', '10.0.0.2'],
    ['/api/%761/login', '10.0.0.3'],
    ['/docs', '10.0.0.4'],
    ['/health', '10.0.0.5'],
  ])('holds for %s', async (url, remoteAddress) => {
    const answers = await statuses(450, () => world.api.inject({ url, remoteAddress }))
    expect(answers.filter((status) => status !== 429).length).toBe(400)
  })

  it('holds for what is not there, and not for the files of the page', async () => {
    const lost = await statuses(450, (i) =>
      world.api.inject({ url: `/nowhere/${i}.html`, remoteAddress: '10.0.0.6' }),
    )
    expect(lost.filter((status) => status === 404).length).toBe(400)
    const files = await statuses(450, () =>
      world.api.inject({ url: '/assets/app-1a2b.js', remoteAddress: '10.0.0.6' }),
    )
    expect(new Set(files)).toEqual(new Set([200]))
  })

  it('is one for all addresses of an IPv6 network', async () => {
    const guess = (i: number, network: string) =>
      world.api.inject({
        method: 'POST',
        url: '/api/v1/login',
        payload: { account: 'nobody', password: 'wrong' },
        remoteAddress: `${network}:${i.toString(16)}::1`,
      })
    const answers = await statuses(40, (i) => guess(i, '2001:db8:1:2'))
    expect(answers.filter((status) => status === 401).length).toBe(12)
    expect((await guess(1, '2001:db8:1:3')).statusCode).toBe(401)
    const asked = await statuses(450, (i) =>
      world.api.inject({ url: '/api/v1/login', remoteAddress: `2001:db8:1:4::${i.toString(16)}` }),
    )
    expect(asked.filter((status) => status === 429).length).toBe(50)
  })
})

it('an address that is written otherwise is kept by no shared cache either', async () => {
  const plain = await world.get('/log/2026/checkpoint')
  const odd = await world.get('/%6cog/2026/checkpoint')
  expect(odd.statusCode).toBe(plain.statusCode)
  expect(odd.headers['cache-control']).toBe(plain.headers['cache-control'])
  expect(odd.headers['cache-control']).not.toContain('public')
})
