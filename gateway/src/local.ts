import type { GatewayConfig } from '@hours/protocol'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'

/** A listener on the lab's own broker. It can only listen: there is no way through it to publish anything. */
export interface LocalListener {
  readonly connected: boolean
  /** Other topics from now on: a `config` record has changed the sources. */
  follow(filters: readonly string[]): void
  stop(): Promise<void>
}

export interface LocalHandlers {
  onMessage(topic: string, payload: Uint8Array): void
  onConnected(connected: boolean): void
}

/** Subscribes to `filters` on the local broker and goes on trying for ever; QoS 0, as plugs publish. */
export function listenLocally(
  local: NonNullable<GatewayConfig['local']>,
  filters: readonly string[],
  handlers: LocalHandlers,
): LocalListener {
  const options: IClientOptions = {
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 2_000,
    // Nothing is to be sent again after a reconnect but the subscription made below.
    resubscribe: false,
    ...(local.username === undefined ? {} : { username: local.username }),
    ...(local.password === undefined ? {} : { password: local.password }),
  }
  const client: MqttClient = connect(local.url, options)
  let wanted = [...new Set(filters)]
  const subscribe = () => {
    if (client.connected && wanted.length > 0) client.subscribe(wanted, { qos: 0 })
  }
  client.on('connect', () => {
    subscribe()
    handlers.onConnected(true)
  })
  client.on('close', () => handlers.onConnected(false))
  // Errors come with a close; what they say is for the log of whoever asks why.
  client.on('error', () => undefined)
  client.on('message', (topic, payload) => handlers.onMessage(topic, payload))
  return {
    get connected() {
      return client.connected
    },
    follow(next) {
      const gone = wanted.filter((filter) => !next.includes(filter))
      wanted = [...new Set(next)]
      if (client.connected && gone.length > 0) client.unsubscribe(gone)
      subscribe()
    },
    stop: () => client.endAsync(true),
  }
}
