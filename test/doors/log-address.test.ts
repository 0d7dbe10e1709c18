import { createServer, type Server } from 'node:http'
import { nodeCrypto } from '@hours/ledger/node'
import { parsePolicy } from '@hours/ledger'
import { httpSource, type LogSource, SourceError, verifyLog } from '@hours/verifier'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDoorsWorld, type DoorsWorld } from './doors.fixture.ts'

let world: DoorsWorld
let address: string
beforeAll(async () => {
  world = await createDoorsWorld({ hosts: ['127.0.0.1'] })
  for (let i = 0; i < 3; i++) await world.page()
  address = `${await world.api.listen({ host: '127.0.0.1', port: 0 })}/log`
})
afterAll(() => world.close())

const policy = () => {
  const read = parsePolicy(`log ${world.ingest.log.vkey()}\nquorum none\n`, nodeCrypto.sha256)
  if (!read.ok) throw new Error(read.error.message)
  return read.value
}

/** A key of an account with this role. */
async function keyOf(role: 'regulator' | 'viewer', id: string): Promise<string> {
  await world.door.accounts.create({ id, name: id, role, organisations: ['province'] }, null)
  return world.door.accounts.createKey({
    account: id,
    label: 'verify',
    scopes: ['read', 'evidence'],
    days: 3,
  })
}

describe('hours verify --log of a site with a door', () => {
  it('reads all of it with a key of a regulator', async () => {
    const { problems, logs } = await verifyLog(httpSource(address, await keyOf('regulator', 'r1')), policy())
    expect(problems).toEqual([])
    expect(logs).toMatchObject([{ size: world.ingest.log.size() }])
  })

  it('says what is needed when there is no key, or one without the right', async () => {
    await expect(verifyLog(httpSource(address), policy())).rejects.toThrow(/answered 401. Fix: --key/)
    await expect(verifyLog(httpSource(address, 'hk_wrong'), policy())).rejects.toThrow(SourceError)
    const viewer = httpSource(address, await keyOf('viewer', 'v1'))
    await expect(verifyLog(viewer, policy())).rejects.toThrow(/entries.* answered 403. Fix: --key/)
  })
})

describe('a site that does not answer as it should', () => {
  let server: Server | undefined
  afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))))

  async function siteThat(answer: (asked: number) => { status: number; headers?: Record<string, string> }) {
    let asked = 0
    server = createServer((_request, response) => {
      const { status, headers } = answer(asked++)
      response.writeHead(status, headers).end(status === 200 ? 'x' : '')
    })
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    return { source: httpSource(`http://127.0.0.1:${port}/log`), asked: () => asked }
  }
  const read = (source: LogSource) => source.file(2026, 'tile/entries/000')

  it('is asked again when it says later', async () => {
    const { source, asked } = await siteThat((n) =>
      n < 2 ? { status: 429, headers: { 'retry-after': '0' } } : { status: 200 },
    )
    expect(await read(source)).toEqual(new Uint8Array([0x78]))
    expect(asked()).toBe(3)
  })

  it('is named with the reason', async () => {
    const { source } = await siteThat(() => ({ status: 500 }))
    await expect(read(source)).rejects.toThrow(/tile\/entries\/000 answered 500/)
    await expect(read(httpSource('http://127.0.0.1:1/log'))).rejects.toThrow(
      /does not answer: .*(ECONNREFUSED|bad port)/,
    )
  })
})
