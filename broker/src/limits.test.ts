import { createManualClock, GatewayId, SiteId } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { mosquittoAcl } from './acl.ts'
import {
  createConnectionCount,
  createNameCount,
  createPace,
  createRetainedCount,
  createTurnstile,
  defaultLimits,
} from './limits.ts'
import { checkPassword, hashPassword } from './password.ts'

describe('limits', () => {
  it('count connections by address and forget them once', () => {
    const count = createConnectionCount({ ...defaultLimits, connections: 3, connectionsPerAddress: 2 })
    const leave = count.admit('a')
    expect([count.admit('a') !== undefined, count.admit('a'), count.admit('b') !== undefined]).toEqual([
      true,
      undefined,
      true,
    ])
    expect(count.admit('c')).toBeUndefined()
    leave?.()
    leave?.()
    expect(count.open()).toBe(2)
  })
  it('delay above the rate, each key for itself, instead of dropping', () => {
    const clock = createManualClock(0)
    const pace = createPace(10, clock)
    const waits = Array.from({ length: 12 }, () => pace('gw-1'))
    expect(waits.slice(0, 10)).toEqual(Array(10).fill(0))
    expect(waits[11]).toBe(200)
    expect(pace('gw-2')).toBe(0)
    clock.advanceTo(1_000)
    expect(pace('gw-1')).toBe(0)
  })
  it('delay no longer than the longest wait, however many came', () => {
    const pace = createPace(10, createManualClock(0), { longest: 500 })
    const waits = Array.from({ length: 1_000 }, () => pace('gw-1'))
    expect(Math.max(...waits)).toBe(500)
  })
  it('let a burst pass at once, and take more for what costs more', () => {
    const clock = createManualClock(0)
    const pace = createPace(10, clock, { burst: 30 })
    expect(Array.from({ length: 30 }, () => pace('gw-1'))).toEqual(Array(30).fill(0))
    expect(pace('gw-1')).toBe(100)
    expect([pace('gw-2', 30), pace('gw-2', 20)]).toEqual([0, 2_000])
    clock.advanceTo(60_000)
    expect([pace('gw-1', 30), pace('gw-1')]).toEqual([0, 100])
  })
  it('keep so many retained bytes under a key, whatever their names; what is longer leaves what was there', () => {
    const count = createRetainedCount(100)
    expect([count('gw-1', 'a', 60), count('gw-1', 'b', 50), count('gw-1', 'b', 40)]).toEqual([
      true,
      false,
      true,
    ])
    expect([count('gw-1', 'a', 61), count('gw-1', 'a', 10), count('gw-1', 'c', 50)]).toEqual([
      false,
      true,
      true,
    ])
    expect([count('gw-1', 'c', 0), count('gw-1', 'd', 50), count('gw-2', 'a', 100)]).toEqual([
      true,
      true,
      true,
    ])
  })
  it('let so many tasks run, so many wait, and start no more', async () => {
    const turnstile = createTurnstile(2, 1)
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<number>())
    const results = gates.map((gate) => turnstile(() => gate.promise))
    expect(await results[3]).toBeUndefined()
    gates.forEach((gate, i) => gate.resolve(i))
    expect(await Promise.all(results.slice(0, 3))).toEqual([0, 1, 2])
    expect(await turnstile(async () => 'again')).toBe('again')
  })
  it('count different names under a key', () => {
    const count = createNameCount(2)
    expect(['a', 'b', 'a', 'c', 'b'].map((name) => count('gw-1', name))).toEqual([
      true,
      true,
      true,
      false,
      true,
    ])
    expect(count('gw-2', 'c')).toBe(true)
  })
})

describe('passwords', () => {
  it('accept the right password only, and none for an unknown gateway', async () => {
    const stored = await hashPassword('secret')
    expect(await checkPassword(Buffer.from('secret'), stored)).toBe(true)
    expect(await checkPassword(Buffer.from('Secret'), stored)).toBe(false)
    expect(await checkPassword(Buffer.from('secret'), undefined)).toBe(false)
    expect(await checkPassword(Buffer.alloc(0), stored)).toBe(false)
  })
  it('cost the same time for an unknown gateway', async () => {
    // As ingest makes them: four times the cost of our own.
    const [salt, hash] = ['c2FsdHNhbHRzYWx0c2FsdA', 'aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g']
    const stored = `scrypt$16384$8$1$${salt}$${hash}`
    const time = async (hash: string | undefined) => {
      const from = performance.now()
      await checkPassword(Buffer.from('wrong'), hash)
      return performance.now() - from
    }
    const median = async (hash: string | undefined) => {
      const times: number[] = []
      for (let i = 0; i < 15; i += 1) times.push(await time(hash))
      return times.toSorted((a, b) => a - b)[7]!
    }
    await time(stored)
    const [known, unknown] = [await median(stored), await median(undefined)]
    expect(unknown).toBeGreaterThan(known / 2)
    expect(unknown).toBeLessThan(known * 2)
  })
})

describe('the rights printed for Mosquitto', () => {
  const lab = SiteId.parse('lab')
  it('write below no other root', () => {
    const acl = mosquittoAcl({ ingest: 'ingest-1', readers: [{ id: 'wall', sites: [lab] }] })
    expect(acl).toContain('pattern write hours/1/+/%u/page')
    expect(acl).toContain('topic read hours/1/lab/+/state/+')
    const writes = acl.split('\n').filter((line) => /^(?:topic|pattern) write /.test(line))
    expect(writes).toHaveLength(6)
    for (const line of writes) expect(line).toContain(' hours/1/')
  })
  it('tie each gateway that is named to its site', () => {
    const gateways = [{ site: lab, gateway: GatewayId.parse('gw-1') }]
    const acl = mosquittoAcl({ ingest: 'ingest-1', gateways })
    expect(acl).toContain('user gw-1\ntopic write hours/1/lab/gw-1/page')
    expect(acl).not.toContain('pattern')
  })
})
