import { describe, expect, it } from 'vitest'
import { GatewayConfig } from './gateway-config.ts'
import { faults } from './decoded.ts'
import { decodeRecord } from './record.ts'
import { RecordHeader } from './record-header.ts'
import { decodeStateEvent, encodeStateEvent } from './state-event.ts'
import { decodeStatus } from './status.ts'

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const chained = { v: 1, stream: 'gz-gibh', seq: 0, prev: null }

describe('records', () => {
  it('read an enrolment with its defaults', () => {
    const read = decodeRecord(
      'enrolment',
      bytes({
        ...chained,
        instrument: 'sem-01',
        gateway: 'gw-1',
        unit: 'gibh-common',
        from: 1_763_867_400_000,
        names: { zh: '扫描电镜' },
      }),
    )
    expect(read).toMatchObject({
      ok: true,
      value: { class: 'general', alwaysOn: false, exclusive: true, prepMs: 0 },
    })
  })

  it('name the field and the value of what they refuse', () => {
    const read = decodeRecord('session', bytes({ ...chained, id: 'S1', instrument: 'Sem 1', from: 5 }))
    expect(read.ok).toBe(false)
    if (!read.ok) {
      expect(read.error.message).toContain('instrument: "Sem 1"')
      expect(read.error.message).toContain('beneficiary: absent')
    }
  })

  it('accept exactly the three header fields', () => {
    const header = { alg: 'Ed25519', kid: 'gw-1#1', typ: 'hours-page+jws' }
    expect(RecordHeader.safeParse(header).success).toBe(true)
    for (const extra of ['crit', 'b64', 'jwk', 'jku', 'x5u', 'x5c'])
      expect(RecordHeader.safeParse({ ...header, [extra]: 'x' }).success).toBe(false)
    expect(RecordHeader.safeParse({ ...header, alg: 'none' }).success).toBe(false)
  })
})

describe('the live messages', () => {
  it('round-trip a state event and refuse a state nobody knows', () => {
    const event = {
      v: 1 as const,
      state: 'run' as const,
      since: 1_763_867_400_000,
      at: 1_763_867_430_000,
      why: 'power',
    }
    expect(decodeStateEvent(new TextEncoder().encode(encodeStateEvent(event)))).toEqual({
      ok: true,
      value: event,
    })
    expect(decodeStateEvent(bytes({ ...event, state: 'sleeping' })).ok).toBe(false)
  })

  it('read a will, which has nothing but that coverage is lost', () => {
    expect(decodeStatus(bytes({ v: 1, online: false, at: 1_763_867_430_000 })).ok).toBe(true)
  })
})

describe('the gateway configuration', () => {
  it('lists every fault with its path and refuses unknown keys', () => {
    const data = {
      site: 'GZ',
      gateway: 'gw-1',
      broker: { url: 'http://x', relay: 'on' },
      instruments: [
        {
          id: 'sem-01',
          source: { kind: 'tasmota', topic: 'pow1' },
          thresholds: { onStartMw: 10_000, onStopMw: 20_000, runStartMw: 500_000, runStopMw: 400_000 },
        },
      ],
    }
    const parsed = GatewayConfig.safeParse(data)
    expect(parsed.success).toBe(false)
    if (!parsed.success) {
      const text = faults(parsed.error, data).join('\n')
      expect(text).toContain('site: "GZ"')
      expect(text).toContain('broker.url: "http://x"')
      expect(text).toContain('relay')
      expect(text).toContain('instruments.0.thresholds.onStopMw: 20000: must not be above onStartMw')
    }
  })
})
