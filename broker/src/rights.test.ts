import { GatewayId, SiteId } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { mosquittoAcl } from './acl.ts'
import { checkPassword, hashPassword } from './password.ts'
import { createConnectionCount, createPace, defaultLimits } from './limits.ts'
import { type Identity, publishRefusal, subscribeRefusal, willRefusal } from './rights.ts'

const gateway: Identity = { kind: 'gateway', site: SiteId.parse('lab'), gateway: GatewayId.parse('gw-1') }
const reader: Identity = { kind: 'reader', id: 'wall', sites: [SiteId.parse('lab')] }

describe('what a gateway may do', () => {
  it.each(['page', 'power', 'status', 'state/sem-01'])('publishes its own %s', (end) => {
    expect(publishRefusal(gateway, `hours/1/lab/gw-1/${end}`)).toBeUndefined()
  })
  it.each([
    'hours/1/lab/gw-2/page',
    'hours/1/lab2/gw-1/page',
    'hours/1/lab/gw-1/receipt',
    'hours/1/lab/gw-1/config',
    'hours/1/lab/gw-1/page/x',
    'hours/1/lab/gw-10/page',
    'cmnd/pow1/POWER',
    'shellies/plug/relay/0/command',
    '$SYS/x',
  ])('does not publish %s', (topic) => {
    expect(publishRefusal(gateway, topic)).toBeTypeOf('string')
  })
  it.each(['receipt', 'config'])('subscribes to its own %s', (end) => {
    expect(subscribeRefusal(gateway, `hours/1/lab/gw-1/${end}`)).toBeUndefined()
  })
  it.each([
    'hours/1/lab/gw-1/page',
    'hours/1/lab/gw-1/#',
    'hours/1/lab/+/receipt',
    'hours/1/lab/gw-2/receipt',
    '#',
    '$share/g/hours/1/lab/gw-1/receipt',
    '$SYS/#',
  ])('does not subscribe to %s', (filter) => {
    expect(subscribeRefusal(gateway, filter)).toBeTypeOf('string')
  })
  it('has its will on its own status only', () => {
    expect(willRefusal(gateway, 'hours/1/lab/gw-1/status')).toBeUndefined()
    expect(willRefusal(gateway, 'hours/1/lab/gw-1/state/sem-01')).toBeTypeOf('string')
    expect(willRefusal(gateway, 'hours/1/lab/gw-2/status')).toBeTypeOf('string')
  })
})

describe('what a reader may do', () => {
  it('reads states and status of granted sites, and publishes nothing', () => {
    for (const filter of ['hours/1/lab/+/state/+', 'hours/1/lab/gw-1/status', 'hours/1/lab/+/status'])
      expect(subscribeRefusal(reader, filter)).toBeUndefined()
    for (const filter of [
      'hours/1/+/+/state/+',
      'hours/1/lab2/+/status',
      'hours/1/lab/+/page',
      'hours/1/lab/#',
      '#',
    ])
      expect(subscribeRefusal(reader, filter)).toBeTypeOf('string')
    expect(publishRefusal(reader, 'hours/1/lab/gw-1/status')).toBeTypeOf('string')
  })
})

describe('passwords, limits and the printed rights', () => {
  it('accept the right password only, and none for an unknown gateway', async () => {
    const stored = await hashPassword('secret')
    expect(await checkPassword(Buffer.from('secret'), stored)).toBe(true)
    expect(await checkPassword(Buffer.from('Secret'), stored)).toBe(false)
    expect(await checkPassword(Buffer.from('secret'), undefined)).toBe(false)
  })
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
  it('delay above the rate instead of dropping', () => {
    let now = 0
    const pace = createPace(10, () => now)
    const waits = Array.from({ length: 12 }, () => pace())
    expect(waits.slice(0, 10)).toEqual(Array(10).fill(0))
    expect(waits[11]).toBe(200)
    now = 1_000
    expect(pace()).toBe(0)
  })
  it('print the same rights for Mosquitto, and no write below any other root', () => {
    const acl = mosquittoAcl({ ingest: 'ingest-1', readers: ['wall'] })
    expect(acl).toContain('pattern write hours/1/+/%u/page')
    for (const line of acl.split('\n').filter((l) => / write /.test(l))) expect(line).toContain('hours/1/')
  })
})
