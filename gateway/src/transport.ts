import { readFileSync } from 'node:fs'
import type { GatewayConfig } from '@hours/protocol'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { GatewayError } from './gateway-error.ts'

/** One connection to the site's broker: it is used once and thrown away (wire.md, 1.6). */
export interface Session {
  /** Resolves with the PUBACK (QoS 1); rejects when the connection ends first. */
  publish(topic: string, payload: Uint8Array | string, options: { retain: boolean }): Promise<void>
  /** Rejects when one of the topics is refused. */
  subscribe(topics: readonly string[]): Promise<void>
  /** Ends cleanly, so that the will is not sent; within a second, whatever the broker does. */
  end(): Promise<void>
}

export interface SessionHandlers {
  readonly will: { readonly topic: string; readonly payload: string }
  onMessage(topic: string, payload: Uint8Array): void
  /** Called once when the connection has ended, for whatever reason but `end`. */
  onClose(): void
}

/** How a gateway reaches its broker; rejects when it cannot. */
export type Connect = (handlers: SessionHandlers) => Promise<Session>

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]', '::1'])
const isSecure = (url: URL) => url.protocol === 'mqtts:' || url.protocol === 'tls:'

/** Plain MQTT shows passwords to everybody on the way: it is for loopback (wire.md, section 4). */
export const isPlainAllowed = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && (isSecure(url) || loopback.has(url.hostname))
}

/**
 * MQTT.js as a mere pipe: fresh client, clean session, no reconnect of its own, no store (wire.md, 1.6). Throws
 * GatewayError `plain_refused` for plain MQTT off loopback, `bad_config` for certificate files that cannot be read.
 */
export function mqttConnect(
  { gateway, broker }: Pick<GatewayConfig, 'gateway' | 'broker'>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Connect {
  if (!isPlainAllowed(broker.url))
    throw new GatewayError(
      'plain_refused',
      `broker.url: "${broker.url}": plain MQTT is for loopback only. Fix: mqtts:// with ca (and cert, key).`,
    )
  const password = broker.password ?? (broker.passwordEnv === undefined ? undefined : env[broker.passwordEnv])
  const options: IClientOptions = {
    clientId: gateway,
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 15_000,
    keepalive: 60,
    ...(password === undefined ? {} : { username: gateway, password }),
    ...(isSecure(new URL(broker.url)) ? { minVersion: 'TLSv1.2' as const } : {}),
  }
  // Now, so that a wrong path is said at the start; and for each connection, as renewal writes new files.
  pemFiles(broker)
  return async (handlers) => {
    const { topic, payload } = handlers.will
    const will = { topic, payload: Buffer.from(payload), qos: 1 as const, retain: true }
    const client = await connectAsync(broker.url, { ...options, ...pemFiles(broker), will }, false)
    return sessionOf(client, handlers)
  }
}

function pemFiles(broker: GatewayConfig['broker']): Pick<IClientOptions, 'cert' | 'key' | 'ca'> {
  const files: Pick<IClientOptions, 'cert' | 'key' | 'ca'> = {}
  for (const field of ['cert', 'key', 'ca'] as const) {
    const path = broker[field]
    if (path === undefined) continue
    try {
      files[field] = readFileSync(path)
    } catch (cause) {
      const message = `broker.${field}: "${path}" cannot be read. Fix: the PEM that enrolment wrote.`
      throw new GatewayError('bad_config', message, { cause })
    }
  }
  return files
}

function sessionOf(client: MqttClient, handlers: SessionHandlers): Session {
  let closed = false
  client.on('message', (topic, payload) => handlers.onMessage(topic, payload))
  // An error is followed by the close, which is what counts.
  client.on('error', () => undefined)
  client.on('close', () => {
    if (closed) return
    closed = true
    handlers.onClose()
    // Rejects what still waits for a PUBACK; it stays in the spool.
    client.end(true)
  })
  return {
    async publish(topic, payload, { retain }) {
      if (closed) throw new Error('the connection has ended')
      await client.publishAsync(topic, Buffer.from(payload), { qos: 1, retain })
    },
    async subscribe(topics) {
      // Rejects by itself when the SUBACK refuses one of them.
      await client.subscribeAsync([...topics], { qos: 1 })
    },
    end() {
      closed = true
      return new Promise((resolve) => {
        const force = setTimeout(() => client.end(true, () => resolve()), 1_000)
        client.end(false, () => {
          clearTimeout(force)
          resolve()
        })
      })
    },
  }
}
