import { decodeSparkplug, sparkplugAliases } from '@hours/sensing'
import sparkplug from 'sparkplug-payload'
import { describe, expect, it } from 'vitest'

// Captured from npm sparkplug-client 3.2.4 through mosquitto 2.0.11 (device-payloads.md, section 5).
const captured: [type: string, device: string, hex: string, expected: unknown][] = [
  [
    'NBIRTH',
    '',
    '0880d095ffbc31121a0a144e6f646520436f6e74726f6c2f52656269727468200b7000120d0a026677200c7a05312e322e33120b0a056264536571200858001800',
    'nothing',
  ],
  [
    'DBIRTH',
    '/SEM-7',
    '0880d095ffbc3112120a05706f776572200a690000000000c8794012120a057374617465200c7a075354414e44425912120a096f6e5365636f6e6473200858b0dda9021801',
    { at: 1_700_000_000_000, powerMw: 412_500, contact: { powered: true, run: false, fault: false } },
  ],
  [
    'DDATA',
    '/SEM-7',
    '08e0a499ffbc3112120a05706f776572200a690000000000999c40120e0a057374617465200c7a0352554e1802',
    { at: 1_700_000_060_000, powerMw: 1_830_250, contact: { powered: true, run: true, fault: false } },
  ],
  ['DDEATH', '/SEM-7', '08c0f99cffbc311803', 'offline'],
  ['NDEATH', '', '08ffee9fb3a034120b0a05626453657120085800', 'offline'],
]
const options = {
  group: 'GZ-SEM-Lab',
  node: 'gw-01',
  device: 'SEM-7',
  powerMetric: 'power',
  stateMetric: 'state',
}

describe('Sparkplug B, captured from an independent client', () => {
  it.each(captured)('%s%s', (type, device, hex, expected) => {
    const payload = sparkplug.get('spBv1.0')!.decodePayload(Buffer.from(hex, 'hex'))
    const decoded = decodeSparkplug(
      `spBv1.0/GZ-SEM-Lab/${type}/gw-01${device}`,
      payload,
      1_700_000_061_000,
      options,
    )
    const reading = decoded.ok ? decoded.value : undefined
    const brief =
      reading?.kind === 'sample'
        ? reading.sample
        : reading?.kind === 'availability'
          ? reading.online
            ? 'online'
            : 'offline'
          : reading?.kind
    expect(brief).toEqual(expected)
  })
  it('names metrics that come by alias alone, out of the last birth', () => {
    const aliases = sparkplugAliases({
      metrics: [{ name: 'power', alias: { low: 7, high: 0, unsigned: true } }],
    })
    const message = { timestamp: 1_700_000_060_000, metrics: [{ alias: 7n, value: 5 }] }
    const decoded = decodeSparkplug('spBv1.0/GZ-SEM-Lab/DDATA/gw-01/SEM-7', message, 1_700_000_061_000, {
      ...options,
      aliases,
    })
    expect(decoded).toEqual({
      ok: true,
      value: { kind: 'sample', sample: { at: 1_700_000_060_000, powerMw: 5_000 } },
    })
  })
})
