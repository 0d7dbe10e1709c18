import { TLSSocket } from 'node:tls'
import type { GatewayDirectory, SiteId } from '@hours/protocol'
import type { Client } from 'aedes'
import { checkPassword } from './password.ts'
import { type Identity, willRefusal } from './rights.ts'

/** Somebody who may look at live states: a wall screen, Grafana, a third party. */
export interface Reader {
  readonly id: string
  /** `scrypt$...` */
  readonly password: string
  readonly sites: readonly SiteId[]
}

/** CONNACK codes of MQTT 3.1.1, table 3.1. */
type ReturnCode = 2 | 4 | 5

export type Verdict = { readonly who: Identity } | { readonly refused: string; readonly code: ReturnCode }

/** Decides who a connection is: certificate CN or password, client id, will (wire.md, section 4). */
export function createAdmission(
  directory: GatewayDirectory,
  readers: readonly Reader[],
): {
  /** Keeps what only the CONNECT packet says. */
  remember(client: Client, clientId: string, willTopic: string | undefined): void
  judge(client: Client, password: Buffer | undefined): Promise<Verdict>
  sessionsOf(gateway: string): readonly Client[]
} {
  const connects = new WeakMap<Client, { clientId: string; willTopic: string | undefined }>()
  const live = new Map<string, Set<Client>>()

  async function judge(client: Client, password: Buffer | undefined): Promise<Verdict> {
    const { clientId = '', willTopic } = connects.get(client) ?? {}
    if (clientId === '') return { refused: 'no client id; it must be the gateway id', code: 2 }
    const who = await identify(client, clientId, password)
    if ('refused' in who) return who
    const refusedWill = willTopic === undefined ? undefined : willRefusal(who.who, willTopic)
    if (refusedWill !== undefined) return { refused: `will: ${refusedWill}`, code: 5 }
    keep(client, clientId)
    return who
  }

  async function identify(client: Client, clientId: string, password: Buffer | undefined): Promise<Verdict> {
    const reader = readers.find(({ id }) => id === clientId)
    const gateway = directory.find(clientId)
    const name = commonName(client)
    // A certificate of our CA speaks for its CN and for nobody else, whatever password comes with it.
    if (name !== undefined) {
      if (name !== clientId) return { refused: `certificate of ${name}, client id ${clientId}`, code: 5 }
      if (!gateway) return { refused: `${clientId} is not enrolled`, code: 5 }
      return gateway.revoked
        ? { refused: `${clientId} is revoked`, code: 5 }
        : { who: { kind: 'gateway', site: gateway.site, gateway: gateway.gateway } }
    }
    const right = await checkPassword(password ?? Buffer.alloc(0), reader?.password ?? gateway?.password)
    if (!right) return { refused: `${clientId}: unknown, or a wrong password`, code: 4 }
    if (reader) return { who: { kind: 'reader', id: reader.id, sites: reader.sites } }
    if (!gateway || gateway.revoked) return { refused: `${clientId} is revoked`, code: 5 }
    return { who: { kind: 'gateway', site: gateway.site, gateway: gateway.gateway } }
  }

  function keep(client: Client, id: string): void {
    const clients = live.get(id) ?? new Set()
    live.set(id, clients.add(client))
    client.conn.once('close', () => {
      clients.delete(client)
      if (clients.size === 0 && live.get(id) === clients) live.delete(id)
    })
  }

  return {
    remember: (client, clientId, willTopic) => void connects.set(client, { clientId, willTopic }),
    judge,
    sessionsOf: (gateway) => [...(live.get(gateway) ?? [])],
  }
}

/** CN of a client certificate that our CA signed; undefined when there is none (or it is not to be trusted). */
function commonName({ conn }: Client): string | undefined {
  if (!(conn instanceof TLSSocket) || !conn.authorized) return undefined
  const cn: unknown = conn.getPeerCertificate().subject.CN
  return typeof cn === 'string' ? cn : undefined
}
