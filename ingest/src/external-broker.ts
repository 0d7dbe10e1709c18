import { randomBytes } from 'node:crypto'
import { type Clock, type Commit, ingestFilter, type PublishDown, type SiteId } from '@hours/protocol'
import mqtt from 'mqtt'
import type { Logger } from 'pino'

export interface ExternalBrokerOptions {
  readonly url: string
  /** Fixed, one an ingest: the broker keeps its session while it is away (wire.md, section 1). */
  readonly clientId: string
  readonly username?: string
  readonly password?: string
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
  /** Only these sites; all of them when absent. */
  readonly sites?: readonly SiteId[]
  readonly commit: Commit
  readonly attach: (publish: PublishDown) => void
  readonly clock: Clock
  readonly logger: Logger
  /** Gives up waiting for the first connection. */
  readonly signal?: AbortSignal
}

/** An ingest's connection to a broker of others, such as Mosquitto. */
export interface ExternalBroker {
  readonly connected: () => boolean
  /** Messages taken from the broker that are not committed yet. */
  readonly queued: () => number
  /** Takes no more messages, finishes what is queued, leaves the session at the broker. */
  close(): Promise<void>
}

/** More than this waits in the broker: the socket is not read until there is room. */
const maxQueued = 50_000
/** Commits run at once; the log groups them. */
const maxRunning = 4_096

/**
 * Subscribes to the gateways' topics with a persistent session. The handler only queues: it never waits for a commit
 * (wire.md, rule 7); what a broker loses costs latency, for gateways keep pages until they have a receipt. Resolves
 * when the subscription stands; rejects when the broker refuses it. Reconnects by itself.
 */
export async function subscribeExternal(options: ExternalBrokerOptions): Promise<ExternalBroker> {
  const { url, clientId, commit, logger } = options
  const { username, password, ca, cert, key } = options
  const credentials = { username, password, ca, cert, key }
  const client = mqtt.connect(url, {
    clientId,
    clean: false,
    protocolVersion: 4,
    keepalive: 30,
    reconnectPeriod: 2_000,
    resubscribe: false,
    queueQoSZero: false,
    ...Object.fromEntries(Object.entries(credentials).filter(([, value]) => value !== undefined)),
  })
  const queue: { topic: string; payload: Uint8Array }[] = []
  const running = new Set<Promise<void>>()
  let closing = false

  function pump(): void {
    while (queue.length > 0 && running.size < maxRunning) {
      const message = queue.shift()
      if (!message) return
      const done: Promise<void> = commit(message)
        .catch((error: unknown) => logger.error({ err: error, topic: message.topic }, 'not committed'))
        .finally(() => {
          running.delete(done)
          pump()
          if (queue.length < maxQueued / 2) client.stream.resume()
        })
      running.add(done)
    }
  }

  client.on('message', (topic, payload) => {
    if (closing) return
    queue.push({ topic, payload: new Uint8Array(payload) })
    pump()
    if (queue.length > maxQueued) client.stream.pause()
  })
  client.on('error', (error) => logger.warn({ err: error }, 'broker'))

  const filters = options.sites?.map((site) => ingestFilter(site)) ?? [ingestFilter()]
  const subscribe = async () => {
    const granted = await client.subscribeAsync(filters, { qos: 1 })
    const refused = granted.find(({ qos }) => qos > 2)
    if (refused)
      throw new Error(`${url} refused the subscription to ${refused.topic}. Fix: grant it to ${clientId}.`)
  }
  try {
    await firstConnection(client, subscribe, options.signal)
  } catch (error) {
    await client.endAsync(true)
    throw error
  }
  client.on('connect', () => {
    subscribe().catch((error: unknown) => logger.error({ err: error }, 'subscription'))
  })

  options.attach(async (topic, payload, { retain }) => {
    if (!client.connected) throw new Error(`not connected to ${url}: ${topic} was not sent`)
    await client.publishAsync(topic, Buffer.from(payload), { qos: 1, retain })
  })

  return {
    connected: () => client.connected,
    queued: () => queue.length + running.size,
    async close() {
      closing = true
      while (running.size > 0) await Promise.allSettled([...running])
      await client.endAsync()
    },
  }
}

/** Until the first subscription stands. A broker that is away is waited for; one that refuses us is not. */
function firstConnection(
  client: mqtt.MqttClient,
  subscribe: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('stopped before the broker answered')))
    client.once('connect', () => {
      client.off('error', refused)
      subscribe().then(resolve, reject)
    })
    client.on('error', refused)
    function refused(error: Error & { code?: unknown }): void {
      // A number is the return code of a CONNACK: wrong name, password or rights.
      if (typeof error.code === 'number') reject(error)
    }
  })
}

/** A client id for an ingest that has none yet; it is to be kept, or the session is lost with it. */
export const freshClientId = (): string => `ingest-${randomBytes(6).toString('hex')}`
