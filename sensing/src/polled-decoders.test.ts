import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc16, decodeRegisters, decodeRtuAnswer, meters } from './modbus.ts'
import { decodeMtconnect } from './mtconnect.ts'
import { decodeOpcua } from './opcua.ts'
import type { DecodedReading } from './reading.ts'
import { decodeSparkplug } from './sparkplug.ts'
import { decodeContact, decodePush } from './stated.ts'

const at = 1_788_945_301_000
const bytes = (text: string) => new TextEncoder().encode(text)
const hex = (text: string) => Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16))
function brief(decoded: DecodedReading): unknown {
  if (!decoded.ok) return decoded.error.code
  const reading = decoded.value
  if (reading.kind === 'nothing') return 'nothing'
  return reading.kind === 'availability' ? (reading.online ? 'online' : 'offline') : reading.sample
}

// Frames of device-payloads.md, section 4 (SDM320Y and SDM630 manuals; Tasmota#6104 console dump).
describe('Modbus', () => {
  it.each([
    '01 04 00 00 00 02 71 CB',
    '01 04 04 43 66 33 34 1B 38',
    '01 03 00 0C 00 02 04 08',
    '01 03 04 42 C8 00 00 6F B5',
    '01 10 00 16 00 02 04 3F 80 00 00 7F 75',
    '01 04 14 08 2C 07 49 00 00 0E F5 00 00 4A E6 00 03 01 F4 00 62 00 00 1B DD',
    '01 04 14 08 2E 07 37 00 00 0E CE 00 00 4A E6 00 03 01 F4 00 62 00 00 78 A6',
  ])('the CRC of %s agrees', (frame) => {
    const all = hex(frame)
    expect(crc16(all.subarray(0, -2))).toBe(all.at(-2)! + all.at(-1)! * 256)
  })
  it('reads 230.2 V and 100.0 out of float answers', () => {
    const volts = decodeRtuAnswer(hex('01 04 04 43 66 33 34 1B 38'), { unit: 1, address: 0, count: 2 })
    expect(volts).toEqual({ ok: true, value: { address: 0, words: [0x4366, 0x3334] } })
    const width = decodeRtuAnswer(hex('01 03 04 42 C8 00 00 6F B5'), { unit: 1, address: 12, count: 2 })
    expect(width.ok && decodeRegisters(meters.get('sdm120')!, [width.value], at)).toEqual({
      ok: true,
      value: { kind: 'sample', sample: { at, powerMw: 100_000 } },
    })
  })
  it.each([
    ['01 04 14 08 2C 07 49 00 00 0E F5 00 00 4A E6 00 03 01 F4 00 62 00 00 1B DD', 382_900],
    ['01 04 14 08 2E 07 37 00 00 0E CE 00 00 4A E6 00 03 01 F4 00 62 00 00 78 A6', 379_000],
  ])('reads PZEM-016 answer %s', (frame, powerMw) => {
    const block = decodeRtuAnswer(hex(frame), { unit: 1, address: 0, count: 10 })
    expect(block.ok && brief(decodeRegisters(meters.get('pzem')!, [block.value], at))).toEqual({
      at,
      powerMw,
      energyMwh: 215_782_000,
    })
  })
  it('reads the sum of phases and the energy of an SDM630, signed', () => {
    const words = (value: number) => {
      const view = new DataView(new ArrayBuffer(4))
      view.setFloat32(0, value)
      return [view.getUint16(0), view.getUint16(2)]
    }
    const blocks = [
      { address: 0x34, words: words(-1_234.5) },
      { address: 0x48, words: words(12.5) },
    ]
    const sdm630 = meters.get('sdm630')!
    expect(brief(decodeRegisters(sdm630, blocks, at))).toEqual({
      at,
      powerMw: -1_234_500,
      energyMwh: 12_500_000,
    })
    expect(brief(decodeRegisters(sdm630, [{ address: 0x34, words: words(Number.NaN) }], at))).toBe(
      'no_reading',
    )
    expect(brief(decodeRegisters(sdm630, [{ address: 0x34, words: words(-1) }], at))).toBe('no_reading')
    expect(brief(decodeRegisters(sdm630, [], at))).toBe('bad_frame')
  })
  it('refuses any flipped bit of an answer', () => {
    const frame = hex('01 04 04 43 66 33 34 1B 38')
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const bad = Uint8Array.from(frame)
      bad[bit >> 3]! ^= 1 << (bit & 7)
      expect(decodeRtuAnswer(bad, { unit: 1, address: 0, count: 2 }).ok).toBe(false)
    }
  })
})

const streams = (inside: string) =>
  `<?xml version="1.0"?><MTConnectStreams xmlns="urn:mtconnect.org:MTConnectStreams:1.7"><Header creationTime="2026-01-01T00:00:00Z"/><Streams><DeviceStream name="VMC-3Axis" uuid="000">${inside}</DeviceStream></Streams></MTConnectStreams>`
const event = (name: string, value: string) =>
  `<Events><${name} dataItemId="x" timestamp="2026-01-01T00:00:00Z" sequence="1">${value}</${name}></Events>`

describe('MTConnect', () => {
  const available = event('Availability', 'AVAILABLE')
  it.each([
    ['run', available + event('Execution', 'ACTIVE'), { powered: true, run: true, fault: false }],
    ['run', available + event('Execution', 'WAIT'), { powered: true, run: true, fault: false }],
    ['standby', available + event('Execution', 'FEED_HOLD'), { powered: true, run: false, fault: false }],
    [
      'off',
      available + event('Execution', 'READY') + event('PowerState', 'OFF'),
      { powered: false, run: false, fault: false },
    ],
    [
      'fault',
      `${available}${event('Execution', 'STOPPED')}<Condition><Fault type="SYSTEM">E1</Fault></Condition>`,
      { powered: true, run: false, fault: true },
    ],
  ])('says %s', (_name, inside, contact) => {
    expect(brief(decodeMtconnect(bytes(streams(inside)), at))).toEqual({ at, contact })
  })
  it.each([
    ['UNAVAILABLE is coverage lost', streams(event('Availability', 'UNAVAILABLE')), 'offline'],
    [
      'an execution that is UNAVAILABLE too',
      streams(available + event('Execution', 'UNAVAILABLE')),
      'offline',
    ],
    [
      'a comment says nothing',
      streams(`<!-- ${event('Execution', 'ACTIVE')} -->${available}<!-- <Fault>E1</Fault> -->`),
      'nothing',
    ],
    [
      'a comment that never ends says nothing, nor what follows it',
      streams(`${available}<!-- ${event('Execution', 'ACTIVE')}`),
      'nothing',
    ],
    ['nothing to read', streams(available), 'nothing'],
    ['a strange word', streams(event('Execution', 'DANCING')), 'bad_field'],
    ['no XML', '{"a":1}', 'not_xml'],
  ])('%s', (_name, text, expected) => expect(brief(decodeMtconnect(bytes(text), at))).toBe(expected))
  it('reads the device that is named', () => {
    const text = streams(event('Execution', 'ACTIVE'))
    expect(brief(decodeMtconnect(bytes(text), at, { device: 'VMC-3Axis' }))).toMatchObject({
      contact: { run: true },
    })
    expect(brief(decodeMtconnect(bytes(text), at, { device: 'other' }))).toBe('bad_field')
  })
})

describe('OPC UA', () => {
  it.each([
    ['machinery', 3, { powered: true, run: true, fault: false }],
    ['machinery', 'OutOfService', { powered: true, run: false, fault: true }],
    ['machinery', 1, { powered: true, run: false, fault: true }],
    ['machinery', 'NotExecuting', { powered: true, run: false, fault: false }],
    ['lads', { text: 'Running' }, { powered: true, run: true, fault: false }],
    ['lads', { text: 'Aborted' }, { powered: true, run: false, fault: true }],
  ] as const)('%s state %j', (profile, state, contact) => {
    expect(brief(decodeOpcua({ state }, at, profile))).toEqual({ at, contact })
  })
  it('takes NotAvailable for coverage lost, and power and on-time beside a state', () => {
    expect(brief(decodeOpcua({ state: 0 }, at, 'machinery'))).toBe('offline')
    expect(brief(decodeOpcua({ powerW: 12.5, onTimeMs: 7n }, at, 'lads'))).toEqual({
      at,
      powerMw: 12_500,
      onTimeMs: 7,
    })
    expect(brief(decodeOpcua({ state: 'Dancing' }, at, 'lads'))).toBe('bad_field')
    expect(brief(decodeOpcua({ powerW: -1 }, at, 'lads'))).toBe('no_reading')
    expect(brief(decodeOpcua({}, at, 'lads'))).toBe('nothing')
  })
})

describe('contacts and pushes', () => {
  it('turns an active-low line over', () => {
    expect(brief(decodeContact(false, at, { means: 'run', activeLow: true }))).toEqual({
      at,
      contact: { run: true },
    })
  })
  it.each([
    [
      '{"powerW":412.5,"state":"run"}',
      { at, powerMw: 412_500, contact: { powered: true, run: true, fault: false } },
    ],
    [`{"powerW":0,"at":${at - 1_000}}`, { at: at - 1_000, powerMw: 0 }],
    ['{"powerW":-1}', 'no_reading'],
    ['{"state":"dancing"}', 'bad_field'],
    ['{}', 'nothing'],
    ['{"powerW":1,"at":5000000000000}', 'clock_skew'],
    ['[]', 'bad_field'],
  ])('reads %s', (text, expected) => expect(brief(decodePush(bytes(text), at))).toEqual(expected))
})

describe('any input', () => {
  it('never throws (10,000 inputs)', () => {
    const options = { group: 'g', node: 'n', device: 'd', powerMetric: 'power', stateMetric: 'state' }
    const metric = fc.record(
      {
        name: fc.constantFrom('power', 'state', ''),
        value: fc.anything(),
        timestamp: fc.anything(),
        alias: fc.anything(),
      },
      { requiredKeys: [] },
    )
    const payload = fc.oneof(
      fc.anything(),
      fc.record({ metrics: fc.array(metric), timestamp: fc.anything() }),
    )
    const xml = fc.array(
      fc.constantFrom(
        '<MTConnectStreams>',
        '<DeviceStream name="a">',
        '<Execution ',
        '>',
        'ACTIVE',
        '</',
        '"',
        '<Fault',
      ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(payload, fc.uint8Array({ maxLength: 40 }), xml, (value, raw, parts) => {
        decodeSparkplug('spBv1.0/g/DDATA/n/d', value, at, options)
        decodeOpcua({ state: value, powerW: value, onTimeMs: value }, at, 'machinery')
        decodeRtuAnswer(raw, { unit: 1, address: 0, count: 2 })
        decodeMtconnect(raw, at)
        decodeMtconnect(bytes(parts.join('')), at)
        decodePush(raw, at)
        decodeRegisters(meters.get('pzem')!, [{ address: 0, words: [...raw] }], at)
      }),
      { numRuns: 10_000 },
    )
  })
})
