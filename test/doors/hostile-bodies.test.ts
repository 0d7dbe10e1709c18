import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hostileCases } from '../hostile-cases.ts'
import { type Caller, createDoorsWorld, type DoorsWorld } from './doors.fixture.ts'

/** Bodies that are begun and never ended: memory is promised to few of them, and honest callers are served. */
hostileCases()
let world: DoorsWorld
let port: number
let sockets: Socket[]
beforeEach(async () => {
  sockets = []
  world = await createDoorsWorld()
  port = Number(new URL(await world.api.listen({ host: '127.0.0.1', port: 0 })).port)
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await world.close()
})

/** Begins a POST and says all but the end of its body; resolves with the status, or undefined while it is waited for. */
function begin(
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): { status(): number | undefined } {
  const all = { host: `127.0.0.1:${port}`, 'content-type': 'text/csv', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    socket.write(body)
  })
  let said = ''
  socket.on('data', (part) => (said += part.toString()))
  socket.on('error', () => undefined)
  sockets.push(socket)
  return {
    status: () => (said === '' ? undefined : Number(/^HTTP\/1\.1 (\d+)/.exec(said)?.[1])),
  }
}

const answered = (ones: readonly { status(): number | undefined }[]) =>
  vi.waitFor(() => {
    const all = ones.map((one) => one.status())
    expect(all).not.toContain(undefined)
    return all
  }, 20_000)

describe('a body that nobody signed in for', () => {
  it.each(['/api/v1/login', '/api/v1/welcome', '/api/v1/logout', '/api/v1/enrol', '/api/v1/enrol/renew'])(
    'of %s is refused by the length it says it has, before it has come',
    async (path) => {
      const headers = { 'content-type': 'application/json', 'content-length': '2000000' }
      const many = Array.from({ length: 20 }, () => begin(path, headers, ' '.repeat(1_000)))
      expect(new Set(await answered(many))).toEqual(new Set([413]))
    },
  )

  it('is not listened to for longer when it does not say how long it is', async () => {
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
    const many = Array.from({ length: 20 }, () => begin('/api/v1/login', headers, chunk.repeat(3)))
    expect(new Set(await answered(many))).toEqual(new Set([413]))
    const none = begin('/api/v1/sessions', headers, chunk)
    expect(await answered([none])).toEqual([401])
  })
})

describe('files that are imported', () => {
  const length = { 'content-length': String(32 * 1024 * 1024) }
  const send = ({ headers }: Caller, body = 'instrument,from,to\n') =>
    begin('/api/v1/imports', { ...headers, ...length }, body)

  it('and never end hold two places of one account, four in all; the others are refused before their bytes come', async () => {
    const [first, second, third] = await Promise.all(
      [1, 2, 3].map(() => world.caller('facility_manager', ['gibh'])),
    )
    if (!first || !second || !third) throw new Error('no callers')
    const held = [send(first), send(first)]
    const more = Array.from({ length: 10 }, () => send(first))
    expect(new Set(await answered(more))).toEqual(new Set([503]))
    const file = 'id,instrument,from,to,user,beneficiary,purpose\n'
    const honest = (caller: Caller) =>
      world.api.inject({
        method: 'POST',
        url: '/api/v1/imports?dryRun=1',
        headers: { ...caller.headers, 'content-type': 'text/csv' },
        payload: `${file}s1,sem-01,2026-01-05 01:00,2026-01-05 02:00,Li,gibh,research\n`,
      })
    // Another account has places of its own.
    expect((await honest(second)).statusCode).toBe(200)
    const others = Array.from({ length: 5 }, () => send(second))
    await vi.waitFor(() => expect(others.filter((one) => one.status() === 503).length).toBe(3), 20_000)
    expect((await honest(third)).statusCode).toBe(503)
    for (const socket of sockets) socket.destroy()
    await vi.waitFor(async () => expect((await honest(third)).statusCode).toBe(200), 20_000)
    expect(held.map((one) => one.status())).toEqual([undefined, undefined])
  })
})

it('of one account may be on their way as long as they are 64 MiB together, and no more', async () => {
  const [greedy, modest] = [
    await world.caller('facility_manager', ['gibh']),
    await world.caller('facility_manager', ['gibh']),
  ]
  const headers = { 'content-type': 'application/json', 'content-length': String(2 * 1024 * 1024) }
  const all = Array.from({ length: 40 }, () =>
    begin('/api/v1/sessions', { ...greedy.headers, ...headers }, '{'),
  )
  await vi.waitFor(() => expect(all.filter((one) => one.status() === 503).length).toBe(8), 20_000)
  const key = await modest.send('POST', '/api/v1/keys', { label: 'x', scopes: ['read'], days: 1 })
  expect(key.statusCode).toBe(201)
  expect((await greedy.get('/api/v1/instruments')).statusCode).toBe(200)
})
