import type { Socket } from 'node:net'
import {
  type Clock,
  type Commit,
  every,
  type GatewayDirectory,
  networkOf,
  parseTopic,
  type PublishDown,
  systemClock,
} from '@hours/protocol'
import { Aedes, type AuthenticateError, type Client } from 'aedes'
import type { Logger } from 'pino'
import type { IngestAccount, Reader } from './accounts.ts'
import { type Connect, createAdmission } from './admission.ts'
import { type BackPressure, holdBack } from './back-pressure.ts'
import { createIntake } from './intake.ts'
import { createPace, defaultLimits, type Limits } from './limits.ts'
import { checkListen, createMqttServer, type Listen, startListening } from './listen.ts'
import { guardParser } from './parser-guards.ts'
import { type Identity, subscribeRefusal } from './rights.ts'
import { holdSockets } from './sockets.ts'

export interface BrokerOptions {
  /** Awaited before each PUBACK (evidence.md, decision 5); called in the order in which a gateway published. */
  readonly commit: Commit
  readonly directory: GatewayDirectory
  readonly log: Logger
  readonly clock?: Clock
  readonly listen: Listen
  readonly limits?: Partial<Limits>
  readonly readers?: readonly Reader[]
  /** Only for an ingest in another process. */
  readonly ingest?: IngestAccount
}

export interface Broker {
  readonly port: number
  /** Sends a receipt or a configuration down; rejects for any other topic. */
  readonly publish: PublishDown
  /** Ends the live session of a gateway, as when its key is revoked. */
  disconnect(gateway: string, reason: string): void
  /** Counts since the start, and what is open now. */
  metrics(): Readonly<Record<string, number>>
  /** Takes nothing new, answers what is under way (for at most 2 s), then ends every connection. */
  close(): Promise<void>
}

const revocationCheckMs = 5_000
const closeGraceMs = 2_000
const longestConnectWaitMs = 5_000

/**
 * The MQTT door (wire.md): MQTT 3.1.1 by aedes, with an identity for every connection, default-deny rights, packet
 * limits, and the commit of ingest before every PUBACK.
 *
 * A commit that fails closes the connection without a PUBACK: 3.1.1 has no negative PUBACK, and a sender sends again
 * only on a new connection [MQTT-4.4.0-1]. A publish that is not allowed closes it too [MQTT-3.3.5-2]; a page that is
 * merely bad is for ingest to refuse and never closes it. No session outlives its connection (a stored one would grow
 * without bound; gateways keep their own spool), and retained messages are kept in memory only: after a restart
 * gateways send status and states again, and ingest sends the configurations. Throws BrokerError when it cannot listen.
 */
export async function createBroker(options: BrokerOptions): Promise<Broker> {
  const { log, listen, directory, clock = systemClock } = options
  const limits = { ...defaultLimits, ...options.limits }
  checkListen(listen)
  const admission = createAdmission({ directory, readers: options.readers ?? [], ingest: options.ingest })
  const intake = createIntake({ commit: options.commit, clock, limits, log })
  const admit = admitAtPace()
  const identities = new WeakMap<Client, Identity>()
  const pressures = new WeakMap<Client, BackPressure>()
  // What aedes does not hand to `authenticate`: the client id as it came (it invents one for an empty one), the will.
  const connects = new WeakMap<Client, Pick<Connect, 'clientId' | 'will'>>()
  const counts = { refusedConnects: 0, refusedFilters: 0 }

  const aedes = await Aedes.createBroker({
    connectTimeout: limits.connectTimeoutMs,
    drainTimeout: limits.drainTimeoutMs,
    maxTopicLevels: 8,
    queueLimit: 256,
    // No limit: what exceeds one is queued and worked off by recursion, some thousand messages deep (mqemitter 7).
    concurrency: 0,
    preConnect(client, packet, done) {
      packet.clean = true
      const will = packet.will && { topic: packet.will.topic, qos: packet.will.qos ?? 0 }
      connects.set(client, { clientId: packet.clientId, will })
      done(null, true)
    },
    authenticate(client, username, password, done) {
      admit(client, username, password).then(
        (verdict) => {
          if ('who' in verdict) {
            identities.set(client, verdict.who)
            done(null, true)
            return
          }
          counts.refusedConnects += 1
          log.info({ client: client.id, reason: verdict.refused }, 'connection refused')
          done(refusal(verdict.refused, verdict.code), null)
        },
        (error: unknown) => {
          log.error({ err: error }, 'admission failed')
          done(refusal('server unavailable', 3), null)
        },
      )
    },
    authorizePublish(client, packet, done) {
      const size = packet.payload.length
      const pressure = client ? pressures.get(client) : undefined
      pressure?.enter(size)
      intake
        .receive(client, client ? identities.get(client) : undefined, packet)
        .finally(() => pressure?.leave(size))
        .then(
          () => done(null),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        )
    },
    authorizeSubscribe(client, subscription, done) {
      const who = identities.get(client)
      const refused = who ? subscribeRefusal(who, subscription.topic) : 'not admitted'
      if (refused === undefined) {
        done(null, subscription)
        return
      }
      counts.refusedFilters += 1
      const filter = subscription.topic.slice(0, 120)
      log.debug({ client: client.id, filter, reason: refused }, 'filter refused')
      done(null, null)
    },
  })
  aedes.on('clientError', (client, error) => log.debug({ client: client.id, err: error }, 'client error'))
  aedes.on('connectionError', (_client, error) => log.debug({ err: error }, 'connection error'))
  // Without a listener an error of its housekeeping would end the process.
  aedes.on('error' as 'closed', (...error: unknown[]) => log.error({ err: error[0] }, 'broker'))

  const server = createMqttServer(listen, limits.connectTimeoutMs, (socket) => {
    socket.setNoDelay(true)
    const client = aedes.handle(socket)
    guardParser(client, { connect: limits.connectBytes, packet: limits.packetBytes })
    pressures.set(client, holdBack(client, limits.inFlight))
  })
  const sockets = holdSockets(server, limits, () => void (counts.refusedConnects += 1))
  server.on('tlsClientError', (error: Error, socket: Socket) => {
    log.debug({ err: error }, 'TLS handshake failed')
    // Node 26 reports a handshake that takes too long and leaves the socket open.
    socket.destroy()
  })
  const port = await startListening(server, listen)
  const stopChecking = every(clock, revocationCheckMs, endOutdated)
  let closed: Promise<void> | undefined
  let ending = false

  function admitAtPace() {
    const byAddress = createPace(limits.connectsPerSecondPerAddress, clock, { longest: longestConnectWaitMs })
    const byGateway = createPace(limits.connectsPerSecond, clock, { longest: longestConnectWaitMs })
    const wait = (ms: number) =>
      ms > 0 ? new Promise<void>((resolve) => void clock.after(ms, resolve)) : undefined
    return async (client: Client, username: string | undefined, password: Buffer | undefined) => {
      await wait(byAddress(networkOf((client.conn as Socket).remoteAddress ?? '')))
      const { clientId = '', will } = connects.get(client) ?? {}
      const verdict = await admission.judge(client, { clientId, will, username, password })
      // Only who has shown to be the gateway uses up its pace: nobody else can keep it out.
      if ('who' in verdict) await wait(byGateway(client.id))
      return verdict
    }
  }

  function disconnect(gateway: string, reason: string): void {
    const sessions = admission.sessionsOf(gateway)
    if (sessions.length > 0) log.warn({ gateway, reason }, 'session ended')
    for (const client of sessions) client.close()
  }

  function endOutdated(): void {
    for (const { gateway, client, reason } of admission.outdated(clock.wall())) {
      log.warn({ gateway, reason }, 'session ended')
      client.close()
    }
  }

  async function close(): Promise<void> {
    stopChecking()
    server.close()
    const grace = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => grace.resolve(undefined), closeGraceMs)
    await Promise.race([intake.finish(), grace.promise])
    clearTimeout(timer)
    // One turn of the loop, in which the last PUBACKs are written.
    await new Promise((resolve) => setImmediate(resolve))
    ending = true
    await new Promise<void>((resolve) => {
      aedes.close(resolve)
    })
    sockets.destroyAll()
  }

  return {
    port,
    publish: (topic, payload, { retain }) => {
      const parsed = parseTopic(topic)
      if (!parsed.ok || (parsed.value.kind !== 'receipt' && parsed.value.kind !== 'config'))
        return Promise.reject(new Error(`only receipts and configurations are sent down, not "${topic}"`))
      const bytes = Buffer.from(payload)
      return new Promise((resolve, reject) => {
        aedes.publish({ cmd: 'publish', topic, payload: bytes, qos: 1, retain, dup: false }, (error) => {
          // A receipt that finds the door shut is no fault: whoever waits for it sends its page again.
          if (error && !ending) reject(error)
          else resolve()
        })
      })
    },
    disconnect,
    metrics: () => ({
      ...intake.counts,
      ...counts,
      connections: sockets.open(),
      clients: aedes.connectedClients,
    }),
    close: () => (closed ??= close()),
  }
}

/** aedes types the code as an ambient enum, which type stripping cannot import. */
function refusal(message: string, code: number): AuthenticateError {
  const error: Error & { returnCode?: unknown } = new Error(message)
  error.returnCode = code
  return error as AuthenticateError
}
