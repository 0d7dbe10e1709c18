import { type Clock, type Commit, parseTopic } from '@hours/protocol'
import type { Client, PublishPacket } from 'aedes'
import type { Logger } from 'pino'
import { createNameCount, createRetainedCount, type Limits } from './limits.ts'
import { createOrderedCommit } from './ordered-commit.ts'
import { type Identity, publishRefusal, type Refusal } from './rights.ts'

/** Longer ones are none that any reader takes (protocol, `decodeStateEvent`). */
const maxStateBytes = 4_096

/** What stands between a PUBLISH and its PUBACK. */
export interface Intake {
  /** Resolves when the message may be acknowledged; a rejection closes the connection without a PUBACK. */
  receive(client: Client | null, who: Identity | undefined, packet: PublishPacket): Promise<void>
  /** From now on nothing is taken; settles when what is under way is answered. */
  finish(): Promise<void>
  readonly counts: { received: number; committed: number; failed: number; refusedPublishes: number }
}

export function createIntake(options: {
  readonly commit: Commit
  readonly clock: Clock
  readonly limits: Limits
  readonly log: Logger
}): Intake {
  const { limits, log } = options
  const commits = createOrderedCommit({
    ...options,
    perSecond: limits.publishesPerSecond,
    burst: limits.publishBurst,
    mostUnderway: limits.publishesUnderway,
  })
  const stateTopics = createNameCount(limits.instrumentsPerGateway)
  const retained = createRetainedCount(limits.retainedBytesPerGateway)
  const counts = { received: 0, committed: 0, failed: 0, refusedPublishes: 0 }
  let finished = false

  function refusalOf(who: Identity, packet: PublishPacket): Refusal {
    if (packet.qos > 1) return 'QoS 2 is not offered'
    const refused = publishRefusal(who, packet.topic)
    if (refused !== undefined || who.kind !== 'gateway') return refused
    const topic = parseTopic(packet.topic)
    const instrument = topic.ok ? topic.value.instrument : undefined
    return instrument === undefined || stateTopics(who.gateway, instrument)
      ? undefined
      : `more than ${limits.instrumentsPerGateway} instruments`
  }

  /** Pages and power are read from the log, never from the broker (wire.md, 1.4); and memory is for honest states. */
  const mayRetain = (gateway: string, topic: string, bytes: number) =>
    !/\/(?:page|power)$/.test(topic) &&
    !(bytes > maxStateBytes && /\/state\//.test(topic)) &&
    retained(gateway, topic, bytes)

  return {
    counts,
    async receive(client, who, packet) {
      // The wills of a broker that goes down: the gateways are not gone.
      if (finished) throw new Error('the broker is closing')
      const refused = who ? refusalOf(who, packet) : 'not admitted'
      if (refused !== undefined || !who) {
        counts.refusedPublishes += 1
        const topic = packet.topic.slice(0, 120)
        log.info({ client: client?.id, topic, reason: refused }, 'publish refused')
        throw new Error(refused)
      }
      // What an ingest sends down goes to the gateway it is for, and is no evidence.
      if (who.kind !== 'gateway') return
      const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
      if (packet.retain) packet.retain = mayRetain(who.gateway, packet.topic, payload.length)
      counts.received += 1
      try {
        const message = { topic: packet.topic, payload, client: who.gateway }
        await commits.take(who.gateway, message, () => client?.closed === true)
        counts.committed += 1
      } catch (error) {
        counts.failed += 1
        if (client?.closed === false)
          log.error({ client: client.id, err: error }, 'not committed; closed without PUBACK')
        throw error
      }
    },
    finish() {
      finished = true
      return commits.idle()
    },
  }
}
