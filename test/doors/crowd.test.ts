import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '@hours/protocol'
import { openSiteCa } from '../../ingest/src/ca/site-ca.ts'
import { freshFolder } from '../../ingest/src/ingest.fixture.ts'
import type { ApiContext } from '../../ingest/src/api/context.ts'
import { hostileCases } from '../hostile-cases.ts'
import { type Caller, createDoorsWorld, type DoorsWorld } from './doors.fixture.ts'

/** Crowds of sockets against the page's door: honest people go on being answered, whatever address they share. */
hostileCases()
const crowd = 2_100
let world: DoorsWorld
let viewer: Caller
let port: number
let sockets: Socket[]

async function open(change: Partial<ApiContext> = {}): Promise<void> {
  sockets = []
  world = await createDoorsWorld(change)
  viewer = await world.caller('viewer', ['gibh'])
  port = Number(new URL(await world.api.listen({ host: '127.0.0.1', port: 0 })).port)
}
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await world.close()
})

const certificate = async () => {
  const made = await (await openSiteCa(freshFolder(), systemClock)).issueServer(['127.0.0.1'])
  return { cert: made.certificate, key: made.key }
}

/** TCP connections from one address that say what `bytes` has, and nothing more. */
const silent = async (many: number, bytes = '', localAddress = '127.0.0.1') => {
  const made = await Promise.all(
    Array.from({ length: many }, () => {
      const socket = connect({ port, host: '127.0.0.1', localAddress })
      return new Promise<Socket>((resolve) => {
        // Whoever gives way is cut off: that is what it is for.
        socket.on('error', () => resolve(socket))
        socket.once('connect', () => resolve(socket))
      })
    }),
  )
  sockets.push(...made)
  for (const socket of made) if (bytes !== '') socket.write(bytes)
  return made
}

/** An honest request from `localAddress`: status and ms. */
const ask = (localAddress: string, secure: boolean) =>
  new Promise<{ status: number; ms: number }>((resolve, reject) => {
    const begin = performance.now()
    const request = (secure ? secureRequest : plainRequest)(
      {
        ...{ host: '127.0.0.1', port, localAddress, path: '/api/v1/instruments', agent: false },
        headers: viewer.headers,
        ...(secure ? { rejectUnauthorized: false } : {}),
      },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, ms: performance.now() - begin }))
      },
    )
    request.on('error', reject)
    request.end()
  })

async function stillAnswered(secure: boolean): Promise<void> {
  for (const address of ['127.0.0.2', '127.0.0.1']) {
    const { status, ms } = await ask(address, secure)
    expect(status, address).toBe(200)
    expect(ms, address).toBeLessThan(10_000)
  }
}

const openSockets = () =>
  new Promise<number>((resolve, reject) => {
    world.api.server.getConnections((error, open) => (error ? reject(error) : resolve(open)))
  })

describe('a crowd of sockets of one address', () => {
  it('that say nothing before TLS keeps nobody out, and is gone in a few seconds', async () => {
    await open({ tls: await certificate() })
    await silent(crowd)
    await stillAnswered(true)
    expect(await openSockets()).toBeLessThanOrEqual(200)
    await vi.waitFor(async () => expect(await openSockets()).toBe(0), { timeout: 30_000, interval: 250 })
  })

  it('that stop in the middle of their headers keeps nobody out, over TLS and without', async () => {
    await open()
    await silent(crowd, 'GET /api/v1/instruments HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    await stillAnswered(false)
    await world.close()
    await open({ tls: await certificate() })
    for (let i = 0; i < 250; i++) {
      const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
      socket.on('error', () => undefined)
      socket.once('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '))
      sockets.push(socket)
    }
    await stillAnswered(true)
  })

  it('of many addresses fills the place of none that asks', async () => {
    await open()
    for (let i = 3; i < 14; i++) await silent(199, '', `127.0.0.${i}`)
    expect(await openSockets()).toBeLessThanOrEqual(2_000)
    await stillAnswered(false)
  })

  it('behind a proxy is the proxy’s to count', async () => {
    await open({ trustProxy: ['127.0.0.0/8'] })
    const made = await silent(600)
    expect(made.filter(({ destroyed }) => destroyed).length).toBe(0)
    await stillAnswered(false)
  })
})
