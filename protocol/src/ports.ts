import type { GatewayId, SiteId } from './ids.ts'

/** One message from a gateway as the broker hands it to ingest: raw bytes, identity already checked. */
export interface UpMessage {
  readonly topic: string
  readonly payload: Uint8Array
  /** The id the client was admitted under; absent behind an external broker, where the topic names it. */
  readonly client?: GatewayId
  /** To be called for each thing in it that is refused and kept aside: it costs the sender more of its pace. */
  readonly onRefused?: () => void
}

/**
 * Takes one message; resolves when what it carries is durable (pages: appended and fsynced; others at once).
 * The embedded broker holds the PUBACK until then (evidence.md, decision 5). Rejects only when the outside world
 * fails (disk full): then there is no PUBACK and the gateway keeps its page.
 */
export type Commit = (message: UpMessage) => Promise<void>

/** Sends one message down to a gateway (`receipt`, `config`); QoS 1. */
export type PublishDown = (
  topic: string,
  payload: Uint8Array | string,
  options: { retain: boolean },
) => Promise<void>

/** What the broker must know of a gateway to admit it; `undefined` = unknown, refused. */
export interface GatewayIdentity {
  readonly site: SiteId
  readonly gateway: GatewayId
  /** As `PasswordHashText`; absent = certificate only. */
  readonly password?: string
  readonly revoked: boolean
  /** Serial numbers in force (hex, upper case, no leading zeros); absent = any certificate of the trusted authorities. */
  readonly certificates?: readonly string[]
}

/** Read-only view of the enrolled gateways (wire.md, section 4). */
export interface GatewayDirectory {
  find(gateway: string): GatewayIdentity | undefined
}
