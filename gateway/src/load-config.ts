import { readFileSync } from 'node:fs'
import { faults, GatewayConfig } from '@hours/protocol'
import { parse } from 'yaml'
import { GatewayError } from './gateway-error.ts'

/** Reads the gateway's YAML; every fault is listed with its path and value. Throws GatewayError `bad_config`. */
export function loadGatewayConfig(path: string): GatewayConfig {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GatewayError(
      'bad_config',
      `${path} cannot be read. Fix: --config FILE, or hours gateway --example.`,
      {
        cause,
      },
    )
  }
  return parseGatewayConfig(text, path)
}

/** As `loadGatewayConfig`, for text; `name` stands in messages. */
export function parseGatewayConfig(text: string, name = 'configuration'): GatewayConfig {
  let data: unknown
  try {
    data = parse(text, { maxAliasCount: 20 })
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new GatewayError('bad_config', `${name} is not YAML: ${why}`, { cause })
  }
  const parsed = GatewayConfig.safeParse(data)
  if (parsed.success) return parsed.data
  throw new GatewayError('bad_config', [`${name}:`, ...faults(parsed.error, data)].join('\n  '))
}
