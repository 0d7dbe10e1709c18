import { TLSSocket } from 'node:tls'
import { type GatewayDirectory, type GatewayIdentity, GatewayId, type Millis } from '@hours/protocol'
import type { Client } from 'aedes'
import type { IngestAccount, Reader } from './accounts.ts'
import { createTurnstile } from './limits.ts'
import { checkPassword, createPasswordMemory } from './password.ts'
import { type Identity, willRefusal } from './rights.ts'

/** CONNACK codes of MQTT 3.1.1, table 3.1. */
type ReturnCode = 2 | 3 | 4 | 5

export type Verdict =
  | { readonly who: Identity; readonly by: Credential }
  | { readonly refused: string; readonly code: ReturnCode }

/** What somebody was let in by: a certificate, or a password as it was stored then. */
type Credential =
  | { readonly serial: string; readonly until: Millis }
  | { readonly password: string | undefined }

/** What the CONNECT packet says. */
export interface Connect {
  readonly clientId: string
  readonly username: string | undefined
  readonly password: Buffer | undefined
  readonly will: { readonly topic: string; readonly qos: number } | undefined
}

export interface Admission {
  judge(client: Client, connect: Connect): Promise<Verdict>
  /** Live sessions of a gateway (one, or two while one takes over from the other). */
  sessionsOf(gateway: string): readonly Client[]
  /** Sessions of gateways that would not be let in again as they came, with the reason. */
  outdated(
    now: Millis,
  ): readonly { readonly gateway: string; readonly client: Client; readonly reason: string }[]
}

/** Client ids of readers and ingests; a gateway's is its id. */
const accountClientId = /^[A-Za-z0-9._-]{1,64}$/

/** Decides who a connection is: certificate CN or password, client id, will (wire.md, section 4). */
export function createAdmission(options: {
  readonly directory: GatewayDirectory
  readonly readers: readonly Reader[]
  readonly ingest: IngestAccount | undefined
}): Admission {
  const { directory, readers } = options
  const live = new Map<string, { owner: string; clients: Map<Client, Credential> }>()
  // scrypt runs in the threads that also fsync the log: a flood of connects gets two of the four, and no more.
  const turnstile = createTurnstile(2, 4_000)
  const memory = createPasswordMemory()

  const accounts = new Map<string, { password: string; who: Identity }>()
  for (const { id, password, sites } of readers)
    accounts.set(id, { password, who: { kind: 'reader', id, sites } })
  const { ingest } = options
  if (ingest)
    accounts.set(ingest.id, {
      password: ingest.password,
      who: { kind: 'ingest', id: ingest.id, sites: ingest.sites },
    })

  async function judge(client: Client, connect: Connect): Promise<Verdict> {
    const { clientId, will, username, password } = connect
    if (!accountClientId.test(clientId)) return { refused: 'a client id that is no id', code: 2 }
    if (password !== undefined && username === undefined)
      return { refused: 'a password without a user name [MQTT-3.1.2-22]', code: 4 }
    const verdict = await identify(client, connect)
    if ('refused' in verdict) return verdict
    if (will && will.qos > 1) return { refused: 'will: QoS 2 is not offered', code: 5 }
    const refusedWill = will && willRefusal(verdict.who, will.topic)
    if (refusedWill !== undefined) return { refused: `will: ${refusedWill}`, code: 5 }
    const owner = ownerOf(verdict.who)
    if ((live.get(clientId)?.owner ?? owner) !== owner)
      return { refused: `${clientId} is the client id of somebody else's session`, code: 2 }
    if (client.closed) return { refused: 'gone before it was admitted', code: 3 }
    keep(client, clientId, { owner, by: verdict.by })
    return verdict
  }

  async function identify(client: Client, connect: Connect): Promise<Verdict> {
    const { clientId, username } = connect
    const gateway = GatewayId.safeParse(clientId).success ? directory.find(clientId) : undefined
    const shown = certificate(client)
    // A certificate of our CA speaks for its CN and for nobody else, whatever password comes with it.
    if (shown && !shown.trusted) return { refused: `certificate: ${shown.why}`, code: 5 }
    if (shown) {
      if (shown.name !== clientId)
        return { refused: `certificate of ${shown.name}, client id ${clientId}`, code: 5 }
      if (gateway?.certificates?.includes(shown.serial) === false)
        return { refused: `certificate ${shown.serial} of ${clientId} is no longer in force`, code: 5 }
      const { serial, until } = shown
      return gateway
        ? admitGateway(gateway, { serial, until })
        : { refused: `${clientId} is not enrolled`, code: 5 }
    }
    const account = gateway === undefined && username !== undefined ? accounts.get(username) : undefined
    const foreign = gateway !== undefined && username !== undefined && username !== clientId
    const stored = foreign ? undefined : (account?.password ?? gateway?.password)
    const password = connect.password ?? Buffer.alloc(0)
    const right =
      memory.isKnown(clientId, password, stored) ||
      (await turnstile(async () =>
        // Who has gone meanwhile costs no more: a flood of guesses that do not wait holds up nobody.
        client.closed ? undefined : checkPassword(password, stored),
      ))
    if (right === true && gateway && stored !== undefined) memory.remember(clientId, password, stored)
    if (right === undefined) return { refused: 'gone, or too many passwords to check', code: 3 }
    if (!right) return { refused: `${clientId}: unknown, or a wrong password`, code: 4 }
    if (account) return { who: account.who, by: { password: stored } }
    return gateway
      ? admitGateway(gateway, { password: stored })
      : { refused: `${clientId} is not enrolled`, code: 5 }
  }

  function keep(client: Client, id: string, { owner, by }: { owner: string; by: Credential }): void {
    const session = live.get(id) ?? { owner, clients: new Map<Client, Credential>() }
    session.clients.set(client, by)
    live.set(id, session)
    client.conn.once('close', () => {
      session.clients.delete(client)
      if (session.clients.size === 0 && live.get(id) === session) live.delete(id)
    })
  }

  return {
    judge,
    sessionsOf: (gateway) => [...(live.get(gateway)?.clients.keys() ?? [])],
    outdated: (now) =>
      [...live].flatMap(([gateway, { owner, clients }]) => {
        if (!owner.startsWith('gateway ')) return []
        const known = directory.find(gateway)
        return [...clients].flatMap(([client, by]) => {
          const reason = endOf(known, by, now)
          return reason === undefined ? [] : [{ gateway, client, reason }]
        })
      }),
  }
}

const ownerOf = (who: Identity) => `${who.kind} ${who.kind === 'gateway' ? who.gateway : who.id}`

const admitGateway = ({ site, gateway, revoked }: GatewayIdentity, by: Credential): Verdict =>
  revoked ? { refused: `${gateway} is revoked`, code: 5 } : { who: { kind: 'gateway', site, gateway }, by }

/** Why a session that was let in by `by` has to end by now, if it has to. */
function endOf(known: GatewayIdentity | undefined, by: Credential, now: Millis): string | undefined {
  if (!known || known.revoked) return 'revoked'
  if ('password' in by) return by.password === known.password ? undefined : 'its password was replaced'
  if (by.until <= now) return 'its certificate has expired'
  return known.certificates?.includes(by.serial) === false
    ? 'its certificate is no longer in force'
    : undefined
}

type Certificate =
  | { readonly trusted: true; readonly name: string; readonly serial: string; readonly until: Millis }
  | { readonly trusted: false; readonly why: string }

/** The client certificate that was shown; undefined when there is none (plain TCP, or a password instead). */
function certificate({ conn }: Client): Certificate | undefined {
  if (!(conn instanceof TLSSocket)) return undefined
  const shown = conn.getPeerCertificate()
  if (Object.keys(shown).length === 0) return undefined
  const name: unknown = shown.subject.CN
  if (!conn.authorized) return { trusted: false, why: String(conn.authorizationError) }
  const serial = shown.serialNumber.toUpperCase().replace(/^0+/, '')
  const until = Date.parse(shown.valid_to)
  return typeof name === 'string'
    ? { trusted: true, name, serial, until }
    : { trusted: false, why: 'no single CN' }
}
