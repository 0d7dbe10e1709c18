import { readFileSync } from 'node:fs'
import type { GatewayConfig } from '@hours/protocol'
import { connectAsync, type IClientOptions } from 'mqtt'
import { GatewayError } from './gateway-error.ts'

/** One connection to the site's broker: it is used once and thrown away (wire.md, 1.6). */
export interface Session {
  /** Resolves with the PUBACK (QoS 1); rejects when the connection ends first. */
  publish(topic: string, payload: Uint8Array | string, options: { retain: boolean }): Promise<void>
  subscribe(topics: readonly string[]): Promise<void>
  /** Ends cleanly, so that the will is not sent. */
  end(): Promise<void>
}

export interface SessionHandlers {
  readonly will: { readonly topic: string; readonly payload: string }
  onMessage(topic: string, payload: Uint8Array): void
  /** Called once when the connection has ended, for whatever reason. */
  onClose(): void
}

/** How a gateway reaches its broker; rejects when it cannot. */
export type Connect = (handlers: SessionHandlers) => Promise<Session>

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]', '::1'])

/** MQTT.js as a mere pipe: fresh client, clean session, no reconnect of its own, no store (wire.md, 1.6). */
export function mqttConnect(
  { gateway, broker }: Pick<GatewayConfig, 'gateway' | 'broker'>,
  env = process.env,
): Connect {
  const url = new URL(broker.url)
  const secure = url.protocol === 'mqtts:' || url.protocol === 'tls:'
  if (!secure && !loopback.has(url.hostname))
    throw new GatewayError(
      'plain_refused',
      `broker.url: "${broker.url}": plain MQTT is for loopback. Fix: mqtts:// with cert, key and ca.`,
    )
  const password = broker.password ?? (broker.passwordEnv === undefined ? undefined : env[broker.passwordEnv])
  const file = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path))
  const [cert, key, ca] = [file(broker.cert), file(broker.key), file(broker.ca)]
  return async (handlers) => {
    const { will } = handlers
    const options: IClientOptions = {
      clientId: gateway,
      protocolVersion: 4,
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: 15_000,
      keepalive: 60,
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
      ...(password === undefined ? {} : { username: gateway, password }),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(ca ? { ca } : {}),
      ...(secure ? { minVersion: 'TLSv1.2' as const } : {}),
    }
    const client = await connectAsync(broker.url, options, false)
    let closed = false
    client.on('message', (topic, payload) => handlers.onMessage(topic, payload))
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
        const granted = await client.subscribeAsync([...topics], { qos: 1 })
        const refused = granted.find(({ qos }) => (qos as number) > 2)
        if (refused) throw new Error(`the broker refuses ${refused.topic}`)
      },
      async end() {
        closed = true
        await client.endAsync()
      },
    }
  }
}
