import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import {
  type Clock,
  type Commit,
  type GatewayDirectory,
  type PublishDown,
  systemClock,
  topicRoot,
} from '@hours/protocol'
import { Aedes, type AuthenticateError, type Client, type PublishPacket, type Subscription } from 'aedes'
import type { Logger } from 'pino'
import { createAdmission, type Reader } from './admission.ts'
import { BrokerError } from './broker-error.ts'
import { createConnectionCount, createPace, defaultLimits, type Limits } from './limits.ts'
import { limitPackets } from './packet-limit.ts'
import { type Identity, publishRefusal, subscribeRefusal } from './rights.ts'

export interface BrokerOptions {
  /** Awaited before each PUBACK (evidence.md, decision 5); called in the order in which a client published. */
  readonly commit: Commit
  readonly directory: GatewayDirectory
  readonly log: Logger
  readonly clock?: Clock
  readonly listen: {
    readonly host: string
    /** 0 picks a free one. */
    readonly port: number
    /** PEM texts; with `ca` every client must show a certificate of it. */
    readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string }
    /** Plain TCP, on loopback only. */
    readonly allowPlain?: boolean
  }
  readonly limits?: Partial<Limits>
  readonly readers?: readonly Reader[]
}

export interface Broker {
  readonly port: number
  readonly publish: PublishDown
  /** Ends the live session of a gateway, as when its key is revoked. */
  disconnect(gateway: string, reason: string): void
  metrics(): Readonly<Record<string, number>>
  close(): Promise<void>
}

/**
 * The MQTT door (wire.md): MQTT 3.1.1 by aedes, with an identity for every connection, default-deny rights, packet
 * limits, and the commit of ingest before every PUBACK. A commit that fails closes the connection without a PUBACK,
 * so that the sender keeps its message and sends it again. Throws BrokerError when it cannot listen.
 */
export async function createBroker(options: BrokerOptions): Promise<Broker> {
  const { commit, log, listen, clock = systemClock } = options
  const limits = { ...defaultLimits, ...options.limits }
  const admission = createAdmission(options.directory, options.readers ?? [])
  const counts = {
    received: 0,
    committed: 0,
    failed: 0,
    refused_connects: 0,
    refused_publishes: 0,
    refused_filters: 0,
  }
  const sessions = new WeakMap<Client, { who: Identity; tail: Promise<void>; pace: () => number }>()
  checkListen(listen)

  const aedes = await Aedes.createBroker({
    connectTimeout: limits.connectTimeoutMs,
    drainTimeout: limits.drainTimeoutMs,
    maxTopicLevels: 8,
    queueLimit: 256,
    preConnect(client, packet, done) {
      admission.remember(client, packet.clientId, packet.will?.topic)
      done(null, true)
    },
    authenticate(client, _username, password, done) {
      admission.judge(client, password).then(
        (verdict) => {
          if ('refused' in verdict) {
            counts.refused_connects += 1
            log.info({ client: client.id, reason: verdict.refused }, 'connection refused')
            done(refusal(verdict.refused, verdict.code), null)
            return
          }
          const pace = createPace(limits.publishesPerSecond, () => clock.monotonic())
          sessions.set(client, { who: verdict.who, tail: Promise.resolve(), pace })
          done(null, true)
        },
        (error: unknown) => {
          log.error({ err: error }, 'admission failed')
          done(refusal('server unavailable', 3), null)
        },
      )
    },
    authorizePublish: (client, packet, done) => receive(client, packet, done),
    authorizeSubscribe(client, subscription, done) {
      const session = sessions.get(client)
      const refused = session ? subscribeRefusal(session.who, subscription.topic) : 'not admitted'
      if (refused === undefined) {
        done(null, { ...subscription, qos: Math.min(1, subscription.qos) as Subscription['qos'] })
        return
      }
      counts.refused_filters += 1
      log.info(
        { client: client.id, filter: subscription.topic.slice(0, 120), reason: refused },
        'filter refused',
      )
      done(null, null)
    },
    // Receipts and live states only: what gateways send up is read from the log, never from the broker (wire.md, 1.4).
    authorizeForward: (_client, packet) => packet,
  })

  function receive(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const session = client ? sessions.get(client) : undefined
    if (!client || !session) {
      done(new Error('not admitted'))
      return
    }
    const refused = packet.qos > 1 ? 'QoS 2 is not offered' : publishRefusal(session.who, packet.topic)
    if (refused !== undefined || session.who.kind !== 'gateway') {
      counts.refused_publishes += 1
      log.info({ client: client.id, topic: packet.topic.slice(0, 120), reason: refused }, 'publish refused')
      // MQTT 3.1.1 knows no negative PUBACK: what is not allowed ends the connection [MQTT-3.3.5-2].
      done(new Error(refused))
      return
    }
    counts.received += 1
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    const durable = commit({ topic: packet.topic, payload, client: session.who.gateway })
    const wait = session.pace()
    // Commits run side by side (that is what makes groups), but are acknowledged in the order they came: aedes runs
    // this hook concurrently and would answer out of order [MQTT-4.6.0-2].
    const before = session.tail
    session.tail = (async () => {
      const outcome = await durable.then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      )
      await before
      if (wait > 0) await new Promise<void>((resolve) => void setTimeout(resolve, wait))
      if (outcome) counts.failed += 1
      else counts.committed += 1
      if (outcome)
        log.error({ client: client.id, err: outcome }, 'commit failed; connection closed without PUBACK')
      done(outcome ?? null)
    })()
  }

  aedes.on('clientError', (client, error) => log.debug({ client: client.id, err: error }, 'client error'))
  aedes.on('connectionError', (_client, error) => log.debug({ err: error }, 'connection error'))

  const connections = createConnectionCount(limits)
  const sockets = new Set<Socket>()
  const accept = (socket: Socket) => {
    const leave = connections.admit(socket.remoteAddress ?? '')
    if (!leave) {
      counts.refused_connects += 1
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.once('close', () => {
      sockets.delete(socket)
      leave()
    })
    const client = aedes.handle(socket)
    limitPackets(client, { connect: limits.connectBytes, packet: limits.packetBytes })
  }
  const server = serverFor(listen, accept)
  server.on('tlsClientError', (error: Error) => log.debug({ err: error }, 'TLS handshake failed'))
  const port = await listenOn(server, listen)

  return {
    port,
    publish: (topic, payload, { retain }) =>
      new Promise((resolve, reject) => {
        if (!topic.startsWith(`${topicRoot}/`)) throw new Error(`nothing is ever published to "${topic}"`)
        const packet = {
          cmd: 'publish' as const,
          topic,
          payload: Buffer.from(payload),
          qos: 1 as const,
          retain,
          dup: false,
        }
        aedes.publish(packet, (error) => {
          if (error) reject(error)
          else resolve()
        })
      }),
    disconnect(gateway, reason) {
      log.warn({ gateway, reason }, 'session ended')
      admission.sessionsOf(gateway).forEach((client) => client.close())
    },
    metrics: () => ({ ...counts, connections: connections.open(), clients: aedes.connectedClients }),
    close: () =>
      new Promise((resolve) => {
        server.close()
        aedes.close(() => {
          for (const socket of sockets) socket.destroy()
          resolve()
        })
      }),
  }
}

/** aedes types the code as an ambient enum, which type stripping cannot import. */
function refusal(message: string, code: number): AuthenticateError {
  const error: Error & { returnCode?: unknown } = new Error(message)
  error.returnCode = code
  return error as AuthenticateError
}

const loopback = new Set(['127.0.0.1', '::1', 'localhost'])

function checkListen({ host, tls, allowPlain }: BrokerOptions['listen']): void {
  if (tls) return
  if (allowPlain !== true || !loopback.has(host))
    throw new BrokerError(
      'plain_refused',
      `mqtt on ${host} without TLS: plain TCP is for loopback, by an explicit flag. Fix: give a certificate and key.`,
    )
}

function serverFor({ tls }: BrokerOptions['listen'], accept: (socket: Socket) => void): Server {
  if (!tls) return createServer(accept)
  try {
    return createTlsServer(
      {
        cert: tls.cert,
        key: tls.key,
        minVersion: 'TLSv1.2',
        // A gateway without a certificate may still show its password; one with a wrong certificate is not heard.
        ...(tls.ca === undefined ? {} : { ca: tls.ca, requestCert: true, rejectUnauthorized: false }),
      },
      accept,
    )
  } catch (cause) {
    throw new BrokerError('bad_tls', 'tls: certificate and key do not fit. Fix: PEM files of one pair.', {
      cause,
    })
  }
}

function listenOn(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${cause.code ?? cause.message})`
      reject(
        new BrokerError(
          'port_in_use',
          `mqtt port ${port} ${why}. Fix: stop what uses it, or --mqtt 0 for a free one.`,
          {
            cause,
          },
        ),
      )
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
