import { GatewayId, SiteId } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
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
      'hours/1/lab/gw+1/status',
      'hours/1/lab/+/state/#',
      'hours/1/lab/+/state/a/b',
      'hours/1/lab/+/state',
      '#',
    ])
      expect(subscribeRefusal(reader, filter)).toBeTypeOf('string')
    expect(publishRefusal(reader, 'hours/1/lab/gw-1/status')).toBeTypeOf('string')
  })
})

describe('what an ingest in another process may do', () => {
  const lab = SiteId.parse('lab')
  const all: Identity = { kind: 'ingest', id: 'ingest', sites: 'all' }
  const one: Identity = { kind: 'ingest', id: 'ingest', sites: [lab] }
  it('hears its sites and sends receipts and configurations down', () => {
    for (const filter of ['hours/1/+/+/#', 'hours/1/lab/+/#'])
      expect(subscribeRefusal(all, filter)).toBeUndefined()
    expect(subscribeRefusal(one, 'hours/1/lab/+/#')).toBeUndefined()
    expect(publishRefusal(one, 'hours/1/lab/gw-1/receipt')).toBeUndefined()
  })
  it('hears and sends nothing else', () => {
    for (const filter of ['#', 'hours/1/+/+/page', 'hours/1/#', 'hours/1/lab2/#'])
      expect(subscribeRefusal(all, filter)).toBeTypeOf('string')
    for (const filter of ['hours/1/+/+/#', 'hours/1/lab2/+/#'])
      expect(subscribeRefusal(one, filter)).toBeTypeOf('string')
    for (const topic of ['hours/1/lab/gw-1/page', 'hours/1/lab2/gw-1/receipt', 'cmnd/pow1/POWER'])
      expect(publishRefusal(one, topic)).toBeTypeOf('string')
    expect(willRefusal(all, 'hours/1/lab/gw-1/status')).toBeTypeOf('string')
  })
})
