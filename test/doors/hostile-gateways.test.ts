import { parseRecord } from '@hours/ledger'
import {
  decodeReceipt,
  encodeStatus,
  instrumentKey,
  pageTopic,
  type Receipt,
  type Status,
  statusTopic,
} from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { start } from '../../ingest/src/ingest.fixture.ts'
import { hostileCases } from '../hostile-cases.ts'
import { createDoorsWorld, type DoorsWorld } from './doors.fixture.ts'

/** Gateways that are enrolled, speak the protocol well, and lie about what is not theirs (issue "Doors", bad input). */
hostileCases()
let world: DoorsWorld
beforeEach(async () => {
  world = await createDoorsWorld()
})
afterEach(() => world.close())

const shared = 'gw-both' as never
const victim = instrumentKey('gz-gibh' as never, 'sem-01' as never)

/** A heartbeat of the gateway that two organisations share. */
async function heartbeat(instruments: NonNullable<Status['instruments']>): Promise<void> {
  const status = encodeStatus({ v: 1, online: true, at: world.clock.wall() + 1_000, instruments })
  await world.ingest.commit({
    topic: statusTopic('gz-gibh' as never, shared),
    payload: Buffer.from(status),
    client: shared,
  })
}

const invented = (many: number, from = 0): NonNullable<Status['instruments']> =>
  Object.fromEntries(Array.from({ length: many }, (_, i) => [`g${from + i}`, ['run', start, 5]]))
const refused = () => world.ingest.metrics()['refused'] ?? 0

describe('a heartbeat', () => {
  it('says nothing about instruments of other gateways, and still counts for its own', async () => {
    const now = world.clock.wall()
    await world.stateEvent('sem-01', 'run', now)
    const before = refused()
    await heartbeat({ 'sem-01': ['off', now, 0], 'shared-own': ['run', now, 5_000] } as never)
    expect(world.ingest.live.instrument(victim)).toMatchObject({ state: 'run', mw: null })
    expect(
      world.ingest.live.instrument(instrumentKey('gz-gibh' as never, 'shared-own' as never)),
    ).toMatchObject({ state: 'run', mw: 5_000 })
    expect(refused()).toBe(before + 1)
    expect(world.ingest.quarantine.list(1)).toMatchObject([
      { gateway: 'gw-both', code: 'unknown_instrument', reason: expect.stringContaining('sem-01') as string },
    ])
  })

  it('of invented instruments leaves nothing behind, however many it names', async () => {
    let told = 0
    const stop = world.ingest.live.onChange(() => (told += 1))
    for (let i = 0; i < 50; i++) await heartbeat(invented(200, i * 200))
    expect(told).toBe(0)
    stop()
  })

  it('of more than 256 instruments, counters or proposals is refused whole', async () => {
    const before = refused()
    await heartbeat(invented(257))
    expect(refused()).toBe(before + 1)
    expect(world.ingest.quarantine.list(1)).toMatchObject([
      { code: 'bad_field', reason: expect.stringContaining('at most 256') as string },
    ])
  })
})

describe('forged pages', () => {
  const head = Buffer.from('{"alg":"Ed25519","kid":"gw-both#1","typ":"hours-page+jws"}').toString('base64url')
  const signature = Buffer.alloc(64, 1).toString('base64url')
  const forge = async (epoch: number, seq: number) => {
    const page = JSON.stringify({ v: 1, site: 'gz-gibh', gateway: shared, epoch, seq })
    const text = `${head}.${Buffer.from(page).toString('base64url')}.${signature}`
    const topic = pageTopic('gz-gibh' as never, shared)
    await world.ingest.commit({ topic, payload: Buffer.from(text), client: shared })
  }

  it('are told of in eight receipts at most, whatever epochs and numbers they claim', async () => {
    for (let i = 0; i < 200; i++) await forge(i, i)
    for (let i = 0; i < 200; i++) await forge(0, i)
    const sent: Receipt[] = []
    world.ingest.attach((topic, payload) => {
      const record = parseRecord(payload as Uint8Array)
      const receipt =
        record.ok && topic.includes('gw-both/receipt') ? decodeReceipt(record.value.payload) : undefined
      if (receipt?.ok) sent.push(receipt.value)
      return Promise.resolve()
    })
    for (let i = 0; i < 40; i++) {
      world.clock.advanceTo(world.clock.wall() + 2_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const epochs = new Set(sent.filter(({ rejected }) => rejected.length > 0).map(({ epoch }) => epoch))
    expect(epochs.size).toBeGreaterThan(0)
    expect(epochs.size).toBeLessThanOrEqual(8)
    expect(sent.flatMap(({ rejected }) => rejected).length).toBeLessThanOrEqual(64 + 8)
  })

  it('leave what others had refused where it is, however many come', async () => {
    const foreign = () =>
      world.ingest.quarantine.list(1_000).filter(({ gateway }) => gateway === 'gw-zebra').length
    expect(foreign()).toBe(1)
    for (let i = 0; i < 22_500; i++) await forge(1 + (i % 7), i)
    expect(world.ingest.quarantine.count()).toBeLessThan(3_500)
    let before: number | undefined
    let found = 0
    for (;;) {
      const part = world.ingest.quarantine.list(1_000, before)
      found += part.filter(({ gateway }) => gateway === 'gw-zebra').length
      if (part.length < 1_000) break
      before = part.at(-1)?.id
    }
    expect(found).toBe(1)
  })
})
