import type { Client } from 'aedes'

/** The parser inside aedes: it buffers a packet of any announced length unless it is told not to (wire.md, section 4). */
interface Parser {
  packet: { length: number }
  _parseLength(): boolean
  emit(event: 'error', error: Error): boolean
  prependListener(event: 'error', listener: (error: Error) => void): void
  error: Error | null
}

const parserOf = (client: Client) => (client as unknown as { _parser: Parser })._parser

/**
 * Refuses a packet by its announced length, before any of it is kept: 4 KiB until the client is admitted (a CONNECT
 * needs no more), 64 KiB afterwards. mqtt-packet has no option for this, so its length check is wrapped here, and here
 * only; packet-limit.test.ts fails when a new version of it moves the method.
 */
export function limitPackets(
  client: Client,
  limits: { readonly connect: number; readonly packet: number },
): void {
  const parser = parserOf(client)
  const original = parser._parseLength.bind(parser)
  parser._parseLength = () => {
    const known = original()
    const limit = client.connected ? limits.packet : limits.connect
    if (!known || parser.packet.length <= limit) return known
    const error = new Error(`a packet of ${parser.packet.length} bytes; at most ${limit} are accepted`)
    parser.error = error
    parser.emit('error', error)
    return false
  }
}

/** CONNACK "unacceptable protocol version". */
const wrongVersion = Buffer.from([0x20, 2, 0, 1])

/** Answers a protocol level that the parser does not know [MQTT-3.1.2-2]; aedes itself answers level 5 only. */
export function answerUnknownLevels(client: Client): void {
  parserOf(client).prependListener('error', (error) => {
    if (error.message === 'Invalid protocol version') client.conn.write(wrongVersion)
  })
}
