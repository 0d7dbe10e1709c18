import type { SiteId } from '@hours/protocol'

/** Somebody who may look at live states: a wall screen, Grafana, a third party. */
export interface Reader {
  /** The MQTT user name; the client id is free. */
  readonly id: string
  /** `scrypt$...` */
  readonly password: string
  readonly sites: readonly SiteId[]
}

/** An ingest in another process, which reaches the broker as it would reach Mosquitto. */
export interface IngestAccount {
  readonly id: string
  /** `scrypt$...` */
  readonly password: string
  readonly sites: readonly SiteId[] | 'all'
}
