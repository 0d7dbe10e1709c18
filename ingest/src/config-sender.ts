import { configTopic, type GatewayId, type PublishDown, type SiteId } from '@hours/protocol'
import type { Position } from './ports.ts'
import type { BookRecord } from './registry/record-book.ts'
import type { RegistryWriter } from './registry/registry.ts'

/** Sends each gateway its `config` record, retained, as its bytes stand in the log (wire.md, section 2). */
export interface ConfigSender {
  /** A record has come into the registry; what is no `config` is none of its business. */
  recorded(record: BookRecord): void
  /** The broker is up: everybody is sent what is in force. */
  attach(publish: PublishDown): void
}

export function createConfigSender(options: {
  readonly registry: RegistryWriter
  readonly entry: (position: Position) => Uint8Array
  readonly onError: (error: unknown) => void
}): ConfigSender {
  const { registry, entry, onError } = options
  let publishDown: PublishDown | undefined

  function send(site: SiteId, gateway: GatewayId, position: Position): void {
    const sent = publishDown?.(configTopic(site, gateway), entry(position), { retain: true })
    sent?.catch(onError)
  }

  return {
    recorded({ kind, record, position }) {
      if (kind === 'config' && 'gateway' in record && 'stream' in record)
        send(record.stream as SiteId, record.gateway, position)
    },
    attach(publish) {
      publishDown = publish
      for (const { site, gateway } of registry.gateways()) {
        const config = registry.config(gateway)
        if (config) send(site, gateway, config.position)
      }
    },
  }
}
