import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeShelly, decodeShellyGen1 } from './shelly.ts'
import { decodeTasmota } from './tasmota.ts'
import { decodeZigbee2Mqtt } from './zigbee2mqtt.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const arrival = 1_788_945_301_000
const berlin = 'Europe/Berlin'

describe('any input', () => {
  const keys = fc.constantFrom(
    'Time',
    'Epoch',
    'ENERGY',
    'Power',
    'Total',
    'StatusSNS',
    'params',
    'method',
    'ts',
    'switch:0',
    'apower',
    'aenergy',
    'power',
    'energy',
    'last_seen',
    'sys',
    '__proto__',
    'Switch1',
    'state',
  )
  const leaf = fc.oneof(
    fc.constantFrom('NotifyStatus', '2025-01-01T00:00:00', null, true, -1, 1e308, -0, 5),
    fc.string(),
    fc.double(),
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.dictionary(keys, tie('tree'), { maxKeys: 6 }),
      fc.array(tie('tree'), { maxLength: 4 }),
    ),
  }))
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    tree.map((value) => bytes(JSON.stringify(value))),
  )
  const topic = fc.oneof(
    fc.constantFrom(
      'tele/t/SENSOR',
      'stat/t/STATUS8',
      'tele/t/ENERGY',
      'tele/t/LWT',
      'x/events/rpc',
      'x/status/switch:0',
      'x/online',
      'shellies/x/relay/0/power',
      'zigbee2mqtt/n',
      'zigbee2mqtt/n/power',
      'zigbee2mqtt/n/availability',
    ),
    fc.string(),
  )
  it('is decoded or refused by name, and never throws (10,000 inputs to each decoder)', () => {
    const inputs = { Switch1: 'run' } as const
    fc.assert(
      fc.property(topic, payload, fc.constantFrom(undefined, 'UTC', berlin, 'No/Where'), (t, p, zone) => {
        for (const decoded of [
          decodeTasmota(t, p, arrival, { zone, inputs }),
          decodeShelly(t, p, arrival, { component: 'switch:0' }),
          decodeShellyGen1(t, p, arrival, { channel: 0 }),
          decodeZigbee2Mqtt(t, p, arrival, { name: 'n', zone }),
        ]) {
          if (!decoded.ok) expect(decoded.error.message).not.toBe('')
          else if (decoded.value.kind === 'sample') {
            const { at, powerMw = 0, energyMwh = 0 } = decoded.value.sample
            expect([at, powerMw, energyMwh].every(Number.isSafeInteger)).toBe(true)
          }
        }
      }),
      { numRuns: 10_000 },
    )
  })
})
