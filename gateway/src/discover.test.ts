import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { createDiscovery, discoveredYaml } from './discover.ts'
import { parseGatewayConfig } from './load-config.ts'

/** Payloads as the devices' own documentation has them (wire.md, section 5). */
const heard: readonly (readonly [topic: string, payload: string])[] = [
  ['tele/pow1/SENSOR', '{"Time":"2026-01-05T00:00:00","ENERGY":{"Total":6.294,"Power":2635}}'],
  ['tele/thermo/SENSOR', '{"Time":"2026-01-05T00:00:00","DS18B20":{"Temperature":20.6}}'],
  [
    'shellyplus1pm-a/events/rpc',
    '{"src":"a","method":"NotifyStatus","params":{"ts":1767571200.5,"switch:0":{"id":0,"apower":8.9}}}',
  ],
  ['shellyplus1pm-a/status/switch:0', '{"id":0,"output":true,"apower":9.1,"voltage":229}'],
  ['shellyplus1pm-a/status/sys', '{"mac":"A"}'],
  ['shellies/shellyplug-s-1/relay/0/power', '41.50'],
  ['zigbee2mqtt/lab/plug 3', '{"power":412.5,"energy":123.45,"state":"ON"}'],
  ['zigbee2mqtt/bridge/state', '{"state":"online"}'],
  ['zigbee2mqtt/button', '{"action":"single"}'],
  ['zigbee2mqtt/broken', '{"power":'],
  ['something/else', 'x'],
]

it('discovery lists what measures power, once each, as YAML that the gateway reads', () => {
  const discovery = createDiscovery()
  for (const [topic, payload] of heard) discovery.see(topic, Buffer.from(payload), Date.UTC(2026, 0, 5))
  expect(discovery.found()).toEqual([
    { source: { kind: 'shelly', topic: 'shellyplus1pm-a', component: 'switch:0' }, mw: 9_100, messages: 2 },
    { source: { kind: 'shelly-gen1', topic: 'shellyplug-s-1', channel: 0 }, mw: 41_500, messages: 1 },
    { source: { kind: 'tasmota', topic: 'pow1' }, mw: 2_635_000, messages: 1 },
    { source: { kind: 'zigbee2mqtt', topic: 'lab/plug 3', base: 'zigbee2mqtt' }, mw: 412_500, messages: 1 },
  ])
  const yaml = discoveredYaml(discovery.found())
  const head =
    'site: lab\ngateway: gw-1\nbroker: { url: mqtt://127.0.0.1 }\nlocal: { url: mqtt://127.0.0.1 }\n'
  expect(parseGatewayConfig(head + yaml).instruments).toHaveLength(4)
  expect((parse(yaml) as { instruments: unknown[] }).instruments).toHaveLength(4)
  expect(yaml).toContain('# 4 plug(s) or meter(s) heard:')
})
