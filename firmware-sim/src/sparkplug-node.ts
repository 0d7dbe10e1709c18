import { connectAsync, type MqttClient } from 'mqtt'

/** Without a name a metric goes by the alias that the birth gave it. */
export interface SparkplugMetric {
  readonly name?: string
  readonly alias?: number
  readonly type: string
  readonly value: number | string | boolean | null
}
type Metric = SparkplugMetric

/** A Sparkplug B edge node with one device: births, data, deaths; QoS 0 and no retain, as the specification says. */
export interface SparkplugNode {
  birth(metrics: readonly Metric[], at: number): Promise<void>
  data(metrics: readonly Metric[], at: number): Promise<void>
  /** Leaves one sequence number out, as a lost message would. */
  skip(): void
  /** Publishes bytes as they are, as DDATA. */
  raw(bytes: Uint8Array): Promise<void>
  deviceDeath(at: number): Promise<void>
  /** How often it was asked for its birth; it has said it again each time, with the values of the last one. */
  rebirths(): number
  /** Ends the connection without a word: the broker publishes the NDEATH will. */
  drop(): Promise<void>
}

export async function createSparkplugNode(options: {
  readonly url: string
  readonly group: string
  readonly node: string
  readonly device: string
  /** Number of this session, told by births and by the death. */
  readonly bdSeq?: number
}): Promise<SparkplugNode> {
  // Protocol Buffers, which the rest of the simulator has no use for.
  const { default: payload } = await import('sparkplug-payload')
  const { encodePayload, decodePayload } = payload.get('spBv1.0') ?? missing()
  const topic = (kind: string, device = '') => `spBv1.0/${options.group}/${kind}/${options.node}${device}`
  const device = `/${options.device}`
  let seq = 0
  const next = () => {
    const at = seq
    seq = (seq + 1) % 256
    return at
  }
  const bdSeq = { name: 'bdSeq', type: 'UInt64' as const, value: options.bdSeq ?? 0 }
  const client: MqttClient = await connectAsync(options.url, {
    protocolVersion: 4,
    will: {
      topic: topic('NDEATH'),
      payload: Buffer.from(encodePayload({ timestamp: 0, metrics: [bdSeq] })),
      qos: 0,
      retain: false,
    },
  })
  const send = async (kind: string, metrics: readonly Metric[], at: number, under = '') => {
    const body = encodePayload({ timestamp: at, metrics: metrics as never, seq: next() })
    await client.publishAsync(topic(kind, under), Buffer.from(body), { qos: 0 })
  }
  let born: readonly Metric[] = []
  let rebirths = 0
  async function birth(metrics: readonly Metric[], at: number): Promise<void> {
    seq = 0
    born = metrics
    await send('NBIRTH', [bdSeq, { name: 'Node Control/Rebirth', type: 'Boolean', value: false }], at)
    await send('DBIRTH', metrics, at, device)
  }
  client.on('message', (_topic, bytes) => {
    const { metrics, timestamp } = decodePayload(bytes)
    const asked = metrics?.some(({ name, value }) => name === 'Node Control/Rebirth' && value === true)
    if (!asked) return
    rebirths += 1
    void birth(born, Number(timestamp))
  })
  await client.subscribeAsync(topic('NCMD'))
  return {
    birth,
    rebirths: () => rebirths,
    data: (metrics, at) => send('DDATA', metrics, at, device),
    skip: () => void next(),
    raw: (bytes) =>
      client.publishAsync(topic('DDATA', device), Buffer.from(bytes), { qos: 0 }).then(() => undefined),
    deviceDeath: (at) => send('DDEATH', [], at, device),
    async drop() {
      client.stream.destroy()
      await client.endAsync(true)
    },
  }
}

function missing(): never {
  throw new Error('sparkplug-payload has no spBv1.0 codec')
}
