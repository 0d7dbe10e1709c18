import type { Client } from 'aedes'

/**
 * The parser inside aedes (mqtt-packet 9). It has no options for what is checked here, so its methods are wrapped, in
 * this file and nowhere else; parser-guards.test.ts and the conformance suite fail when a new version moves them.
 */
interface Parser {
  packet: {
    length: number
    messageId?: number
    subscriptions?: { qos: number }[]
    unsubscriptions?: string[]
  }
  error: Error | null
  _parseLength(): boolean
  _newPacket(): boolean
  emit(event: 'error', error: Error): boolean
  prependListener(event: 'error', listener: (error: Error) => void): void
}

/** Puts every guard on a connection, before its first byte is read. */
export function guardParser(
  client: Client,
  limits: { readonly connect: number; readonly packet: number },
): void {
  const parser = (client as unknown as { _parser: Parser })._parser
  limitPackets(parser, () => (client.connected ? limits.packet : limits.connect))
  checkPackets(parser)
  answerUnknownLevels(parser, client)
}

function fail(parser: Parser, why: string): false {
  parser.error = new Error(why)
  parser.emit('error', parser.error)
  return false
}

/**
 * Refuses a packet by its announced length, before any of it is kept (wire.md, section 4): the parser would buffer
 * 250 MB of a CONNECT.
 */
function limitPackets(parser: Parser, limit: () => number): void {
  const original = parser._parseLength.bind(parser)
  parser._parseLength = () => {
    const known = original()
    if (!known || parser.packet.length <= limit()) return known
    return fail(parser, `a packet of ${parser.packet.length} bytes; at most ${limit()} are accepted`)
  }
}

/** What mqtt-packet lets pass; undefined = nothing. An identifier of -1 stands for a packet that ends before it. */
function faultOf({ messageId, unsubscriptions }: Parser['packet']): string | undefined {
  if (messageId !== undefined && messageId <= 0) return 'packet identifier 0 [MQTT-2.3.1-1]'
  return unsubscriptions?.length === 0 ? 'UNSUBSCRIBE without a filter [MQTT-3.10.3-2]' : undefined
}

/** Looks at each whole packet before aedes does, and caps what is granted at QoS 1 [MQTT-3.8.4-6]. */
function checkPackets(parser: Parser): void {
  const original = parser._newPacket.bind(parser)
  parser._newPacket = () => {
    const fault = faultOf(parser.packet)
    if (fault !== undefined) return fail(parser, fault)
    for (const one of parser.packet.subscriptions ?? []) one.qos = Math.min(1, one.qos)
    return original()
  }
}

/** CONNACK "unacceptable protocol version". */
const wrongVersion = Buffer.from([0x20, 2, 0, 1])

/** Answers a protocol level that the parser does not know [MQTT-3.1.2-2]; aedes itself answers level 5 only. */
function answerUnknownLevels(parser: Parser, client: Client): void {
  parser.prependListener('error', (error) => {
    if (error.message === 'Invalid protocol version') client.conn.write(wrongVersion)
  })
}
