import { createPlugBroker, createSparkplugNode, type SparkplugMetric } from '@hours/firmware-sim'
import { connectAsync } from 'mqtt'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { instrument, runSources } from './sources.fixture.ts'

const source = {
  kind: 'sparkplug',
  group: 'lab',
  node: 'edge-1',
  device: 'sem',
  powerMetric: 'power',
} as const
const watts = (value: number | null, change: Partial<SparkplugMetric> = {}): SparkplugMetric => ({
  name: 'power',
  type: 'Double',
  value,
  ...change,
})
const { name: _, ...byAlias } = watts(0, { alias: 7 })

/** Broker, node and gateway; everything that goes over the broker is written down. */
async function bench(change: Record<string, unknown> = {}) {
  const broker = await createPlugBroker()
  const spy = await connectAsync(broker.url)
  const topics: string[] = []
  spy.on('message', (topic) => topics.push(topic))
  await spy.subscribeAsync('#')
  const node = (bdSeq = 0) =>
    createSparkplugNode({ url: broker.url, group: 'lab', node: 'edge-1', device: 'sem', bdSeq })
  const gateway = runSources([instrument(source, change)], { local: { url: broker.url } })
  onTestFinished(async () => {
    await spy.endAsync(true)
    await broker.close()
  })
  const listening = await node(99)
  // A birth is said once; the gateway has to be there to hear it.
  await vi.waitFor(
    async () => {
      await listening.birth([watts(1)], Date.now())
      expect(gateway.now()[0]).not.toBe('unknown')
    },
    { timeout: 10_000, interval: 100 },
  )
  await listening.drop()
  await gateway.raises('source_offline:sem-01')
  return { ...gateway, node, topics, broker }
}

/** Payload{timestamp=1, metrics=2{name=1, timestamp=3, datatype=4 (10 = Double), double_value=13}, seq=3}. */
function ddata(at: number, name: string, value: number, seq: number): Uint8Array {
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))])
  const double = Buffer.alloc(8)
  double.writeDoubleLE(value)
  const metric = [0x0a, name.length, ...Buffer.from(name), 0x18, ...varint(at), 0x20, 10, 0x69, ...double]
  return Uint8Array.from([0x08, ...varint(at), 0x12, metric.length, ...metric, 0x18, seq])
}

describe('a Sparkplug B edge node', () => {
  it('is read from birth on, and nothing is ever published to it', async () => {
    const { node, shows, topics } = await bench()
    const edge = await node()
    await edge.birth([watts(812.5)], Date.now())
    await shows('run', 812_500)
    await edge.data([watts(41)], Date.now())
    await shows('standby', 41_000)
    edge.skip()
    await edge.data([watts(0)], Date.now())
    await shows('off', 0)
    await edge.drop()
    expect(topics.filter((topic) => /\/[ND]CMD\/|STATE/.test(topic))).toEqual([])
  })

  it('that dies is coverage lost; born again it is read on', async () => {
    const { node, shows, raises, ends } = await bench({ maxGapMs: 1_500 })
    const edge = await node()
    await edge.birth([watts(812.5)], Date.now())
    await ends('source_offline:sem-01')
    await edge.drop()
    await raises('source_offline:sem-01')
    await shows('unknown')
    const again = await node(1)
    await again.birth([watts(20)], Date.now())
    await shows('standby', 20_000)
    await ends('source_offline:sem-01')
    await again.deviceDeath(Date.now())
    await raises('source_offline:sem-01')
    await again.drop()
  })

  it('a lost message is seen: what goes by alias counts for nothing until the next birth', async () => {
    const { node, shows, raises, ends, now } = await bench()
    const edge = await node()
    await edge.birth([watts(20, { alias: 7 })], Date.now())
    await shows('standby', 20_000)
    await edge.data([{ ...byAlias, value: 812.5 }], Date.now())
    await shows('run', 812_500)
    edge.skip()
    await edge.data([{ ...byAlias, value: 20 }], Date.now())
    await raises('source_offline:sem-01')
    expect(now()[1]).toBe(812_500)
    await edge.birth([watts(41, { alias: 7 })], Date.now())
    await shows('standby', 41_000)
    await ends('source_offline:sem-01')
    await edge.drop()
  })

  it('is asked for its birth where that is not known, if the configuration says so: that, nothing else, and once', async () => {
    const broker = await createPlugBroker()
    const spy = await connectAsync(broker.url)
    const topics = new Set<string>()
    spy.on('message', (topic) => topics.add(topic))
    await spy.subscribeAsync('#')
    onTestFinished(async () => {
      await spy.endAsync(true)
      await broker.close()
    })
    const edge = await createSparkplugNode({ url: broker.url, group: 'lab', node: 'edge-1', device: 'sem' })
    await edge.birth([watts(20, { alias: 7 })], Date.now())
    const { shows } = runSources([instrument({ ...source, rebirth: true })], { local: { url: broker.url } })
    // The gateway came after the birth: what goes by alias says nothing to it until there is another.
    await vi.waitFor(
      async () => {
        await edge.data([{ ...byAlias, value: 812.5 }], Date.now())
        expect(edge.rebirths()).toBe(1)
      },
      { timeout: 20_000, interval: 100 },
    )
    await shows('standby', 20_000)
    await edge.data([{ ...byAlias, value: 812.5 }], Date.now())
    await shows('run', 812_500)
    // What is lost within the minute is borne.
    edge.skip()
    await edge.data([watts(20)], Date.now())
    await shows('standby', 20_000)
    await edge.drop()
    expect(edge.rebirths()).toBe(1)
    expect([...topics].filter((topic) => !/\/[ND](BIRTH|DATA|DEATH)\//.test(topic))).toEqual([
      'spBv1.0/lab/NCMD/edge-1',
    ])
  })

  it('is read out of bytes put together by hand from the specification’s sparkplug_b.proto', async () => {
    const { node, shows } = await bench()
    const edge = await node()
    await edge.raw(ddata(Date.now(), 'power', 812.5, 9))
    await shows('run', 812_500)
    await edge.drop()
  })

  it('that sends rubbish, or says itself that it has no reading, counts for nothing', async () => {
    const { node, raises, now } = await bench({ maxGapMs: 1_000 })
    const edge = await node()
    for (const byte of [0xff, 0x0a, 0x00]) await edge.raw(new Uint8Array(40).fill(byte))
    await edge.raw(Buffer.from('{"power":500}'))
    await raises('source_refused:sem-01:bad_frame')
    await edge.birth([watts(null)], Date.now())
    for (let i = 0; i < 3; i++) await edge.data([watts(null)], Date.now())
    await raises('source_refused:sem-01:no_reading')
    expect(now()[0]).not.toBe('run')
    await edge.drop()
  })

  it('whose broker goes away is coverage lost', async () => {
    const { node, shows, raises, broker } = await bench({ maxGapMs: 1_000 })
    const edge = await node()
    await edge.birth([watts(812.5)], Date.now())
    await shows('run')
    await edge.drop()
    await broker.close()
    await raises('local_broker_unreachable')
    await raises('source_offline:sem-01')
    await shows('unknown')
  })
})
