import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { start } from '../../ingest/src/ingest.fixture.ts'
import { type Caller, createDoorsWorld, type DoorsWorld } from './doors.fixture.ts'

/** What is under way when the service is told to stop (docs/operating.md, "Stopping"); after 5 s it is cut off. */
let world: DoorsWorld
let manager: Caller
let address: string
beforeEach(async () => {
  world = await createDoorsWorld()
  manager = await world.caller('facility_manager', ['gibh'])
  address = await world.api.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(() => world.ingest.close())

const sessions = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    externalId: `b${i}`,
    ...{ channel: 'national', instrument: 'gz-gibh/nmr-01', user: `U${i}`, beneficiary: 'gibh' },
    ...{ from: start + i * 60_000, to: start + i * 60_000 + 50_000, purpose: 'research' },
  }))

const standing = () =>
  world.ingest.registry.records('session').filter(({ record }) => record.instrument === 'nmr-01')

describe('a stop', () => {
  it('in the middle of a write answers it: what was taken is in the log, and who sent it knows', async () => {
    const answer = fetch(`${address}/api/v1/sessions`, {
      method: 'POST',
      headers: { ...manager.headers, 'content-type': 'application/json' },
      body: JSON.stringify(sessions(600)),
    })
    await vi.waitFor(() => expect(world.ingest.metrics()['queued']).toBeGreaterThan(0), { interval: 1 })
    const closing = world.api.close()
    const { status } = await answer
    expect(status).toBe(200)
    const from = performance.now()
    await closing
    // Nobody waits for connections that are kept alive.
    expect(performance.now() - from).toBeLessThan(4_900)
    await world.ingest.settled()
    expect(standing().length).toBe(600)
  })

  it('waits for nobody who is silent, kept alive, listens to live events, or never ends what he sends', async () => {
    const port = Number(new URL(address).port)
    const agent = new Agent({ keepAlive: true })
    await new Promise<void>((resolve) =>
      request({ host: '127.0.0.1', port, path: '/api/v1/login', agent }, (answer) =>
        answer.resume().on('end', resolve),
      ).end(),
    )
    const events = await fetch(`${address}/api/v1/events`, { headers: manager.headers })
    const sockets = ['', 'GET /api/v1/instruments HTTP/1.1\r\nHost: x\r\nX-Slow: '].map((bytes) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(bytes)
      return socket
    })
    await new Promise((resolve) => sockets.at(-1)?.once('connect', resolve))
    const from = performance.now()
    await world.api.close()
    expect(performance.now() - from).toBeLessThan(4_900)
    expect(await events.text()).toContain('retry')
    agent.destroy()
    for (const socket of sockets) socket.destroy()
  })
})
