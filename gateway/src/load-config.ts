import { existsSync, readFileSync } from 'node:fs'
import { faults, GatewayConfig } from '@hours/protocol'
import { parse } from 'yaml'
import { GatewayError } from './gateway-error.ts'
import { pushFaults } from './push-settings.ts'
import { needsLocalBroker } from './source-runner.ts'
import { isPlainAllowed } from './transport.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * Reads the gateway's YAML; every fault is listed with its path, value and fix. `place` says where a path in the file
 * lies (default: as it stands). Throws GatewayError `bad_config`.
 */
export function loadGatewayConfig(
  path: string,
  { env = process.env, place = (file) => file }: { env?: Env; place?: (path: string) => string } = {},
): GatewayConfig {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new GatewayError('bad_config', `${path} cannot be read (${why}). Fix: --config FILE.`, { cause })
  }
  return parseGatewayConfig(text, path, { env, place })
}

/** As `loadGatewayConfig`, for text; `name` stands in messages. */
export function parseGatewayConfig(
  text: string,
  name = 'configuration',
  { env = process.env, place = (file) => file }: { env?: Env; place?: (path: string) => string } = {},
): GatewayConfig {
  let data: unknown
  try {
    data = parse(text, { maxAliasCount: 20 })
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new GatewayError('bad_config', `${name} is not YAML: ${why}`, { cause })
  }
  const parsed = GatewayConfig.safeParse(data)
  const config = parsed.success ? placed(parsed.data, place) : undefined
  const found = config ? furtherFaults(config, env) : parsed.error ? faults(parsed.error, data) : []
  if (config && found.length === 0) return config
  throw new GatewayError('bad_config', [`${name}: ${found.length} fault(s)`, ...found].join('\n  '))
}

function placed(config: GatewayConfig, place: (path: string) => string): GatewayConfig {
  const broker = { ...config.broker }
  for (const field of ['cert', 'key', 'ca'] as const)
    if (broker[field] !== undefined) broker[field] = place(broker[field])
  return {
    ...config,
    data: place(config.data),
    broker,
    ...(config.push ? { push: pushAt(config.push, place) } : {}),
  }
}

function pushAt(push: NonNullable<GatewayConfig['push']>, place: (path: string) => string) {
  if (typeof push === 'string' || push.cert === undefined || push.key === undefined) return push
  return { ...push, cert: place(push.cert), key: place(push.key) }
}

/** What the schema cannot see: how parts fit each other, and the machine. */
function furtherFaults({ broker, local, push, instruments }: GatewayConfig, env: Env): string[] {
  const found: string[] = pushFaults(push, instruments, env)
  const { passwordEnv } = broker
  if (!isPlainAllowed(broker.url))
    found.push(
      `broker.url: "${broker.url}": plain MQTT is for loopback only. Fix: mqtts:// with ca (and cert, key).`,
    )
  if (passwordEnv !== undefined && !env[passwordEnv])
    found.push(
      `broker.passwordEnv: "${passwordEnv}": no such environment variable. Fix: set it, or use cert and key.`,
    )
  if ((broker.cert === undefined) !== (broker.key === undefined))
    found.push('broker: cert and key belong together. Fix: name both files, or neither.')
  for (const field of ['cert', 'key', 'ca'] as const) {
    const path = broker[field]
    if (path !== undefined && !existsSync(path))
      found.push(`broker.${field}: "${path}": no such file. Fix: the PEM that enrolment wrote.`)
  }
  const seen = new Set<string>()
  for (const [i, { id, source, others = [] }] of instruments.entries()) {
    if (seen.has(id)) found.push(`instruments.${i}.id: "${id}": stands twice. Fix: one entry an instrument.`)
    seen.add(id)
    if (!local && [source, ...others].some(needsLocalBroker))
      found.push(
        `instruments.${i}.source.kind: "${source.kind}" is heard on a local broker, and local is absent. Fix: local: { url: mqtt://... }.`,
      )
  }
  return found
}
