import type { GatewayConfig } from '@hours/protocol'
import { connect, type MqttClient } from 'mqtt'

/** A listener on the lab's own broker. It can only listen: there is no way through it to publish anything. */
export interface LocalListener {
  readonly connected: boolean
  stop(): Promise<void>
}

/** Subscribes to `filters` on the local broker and goes on trying for ever; QoS 0, as plugs publish. */
export function listenLocally(
  local: NonNullable<GatewayConfig['local']>,
  filters: readonly string[],
  handlers: {
    onMessage(topic: string, payload: Uint8Array): void
    onConnected(connected: boolean): void
  },
): LocalListener {
  const client: MqttClient = connect(local.url, {
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 2_000,
    ...(local.username === undefined ? {} : { username: local.username }),
    ...(local.password === undefined ? {} : { password: local.password }),
  })
  client.on('connect', () => {
    client.subscribe([...filters], { qos: 0 })
    handlers.onConnected(true)
  })
  client.on('close', () => handlers.onConnected(false))
  client.on('error', () => undefined)
  client.on('message', (topic, payload) => handlers.onMessage(topic, payload))
  return {
    get connected() {
      return client.connected
    },
    stop: () => client.endAsync(true),
  }
}
