import { describe, expect, it } from 'vitest'
import { GatewayError } from './gateway-error.ts'
import { loadGatewayConfig, parseGatewayConfig } from './load-config.ts'

const good = `
site: lab
gateway: gw-1
broker: { url: mqtt://127.0.0.1:1883, passwordEnv: HOURS_PASSWORD }
local: { url: mqtt://192.168.1.5:1883 }
instruments:
  - id: sem-01
    source: { kind: tasmota, topic: pow1 }
    thresholds: { onStartMw: 5000, onStopMw: 3000, runStartMw: 400000, runStopMw: 300000 }
`
const env = { HOURS_PASSWORD: 'secret' }
function faultsOf(text: string, environment: Record<string, string> = env): string {
  try {
    parseGatewayConfig(text, 'gateway.yaml', { env: environment })
  } catch (error) {
    if (error instanceof GatewayError) return error.message
    throw error
  }
  return ''
}

describe('the YAML file', () => {
  it('has defaults for what is left out, and paths placed where the person stands', () => {
    const config = parseGatewayConfig(good, 'x', { env, place: (path) => `/home/${path}` })
    expect(config).toMatchObject({
      pageMs: 300_000,
      checkpointMs: 5_000,
      heartbeatMs: 30_000,
      clock: 'timedatectl',
    })
    expect([config.data, config.instruments[0]?.dwellMs]).toEqual(['/home/./gateway-data', 30_000])
  })

  it('is refused with every fault at once: path, value, fix', () => {
    const text = good
      .replace('site: lab', 'site: The Lab')
      .replace('onStopMw: 3000', 'onStopMw: 9000')
      .replace('local:', 'locl:')
    const message = faultsOf(text)
    expect(message).toContain('gateway.yaml: 3 fault(s)')
    expect(message).toContain('site: "The Lab"')
    expect(message).toContain('instruments.0.thresholds.onStopMw: 9000: must not be above onStartMw')
    expect(message).toContain('Unrecognized key: "locl"')
  })

  it.each([
    ['mqtt://127.0.0.1:1883', 'mqtt://hours.example.edu', 'plain MQTT is for loopback only'],
    [
      'passwordEnv: HOURS_PASSWORD',
      'passwordEnv: OTHER',
      'broker.passwordEnv: "OTHER": no such environment variable',
    ],
    ['passwordEnv: HOURS_PASSWORD', 'cert: a.pem', 'cert and key belong together'],
    ['passwordEnv: HOURS_PASSWORD', 'ca: nowhere.pem', 'broker.ca: "nowhere.pem": no such file'],
    ['local: { url: mqtt://192.168.1.5:1883 }', '', 'is heard on a local broker, and local is absent'],
    [
      'instruments:',
      'instruments:\n  - { id: sem-01, source: { kind: tasmota, topic: a }, thresholds: { onStartMw: 1, onStopMw: 1, runStartMw: 1, runStopMw: 1 } }',
      'instruments.1.id: "sem-01": stands twice',
    ],
  ])('with %j as %j is refused: %s', (from, to, wanted) => {
    expect(faultsOf(good.replace(from, to))).toContain(wanted)
  })

  it('that is no YAML, or is not there, is refused by name', () => {
    expect(faultsOf('a: [1')).toContain('gateway.yaml is not YAML')
    expect(() => loadGatewayConfig('nowhere.yaml')).toThrow(
      /nowhere.yaml cannot be read .* Fix: --config FILE/,
    )
  })
})
