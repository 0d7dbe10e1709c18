import type { Source } from '@hours/protocol'
import { type DecodedReading, decodeSparkplug, mqttSourceDecoder } from '@hours/sensing'
import { stringify } from 'yaml'

/** A plug or meter that was heard. */
export interface Discovered {
  readonly source: Source
  /** Last power, mW; null until a reading had one. */
  readonly mw: number | null
  readonly messages: number
}

/** Listens to what comes by and tells which plugs it comes from; it never sends anything. */
export interface Discovery {
  readonly filters: readonly string[]
  see(topic: string, payload: Uint8Array, arrival: number): void
  found(): readonly Discovered[]
}

/** Topics of the plugs and meters this gateway can read; `+` stands for the device. */
const filters = [
  'tele/+/SENSOR',
  'stat/+/STATUS8',
  '+/events/rpc',
  '+/+/events/rpc',
  '+/status/+',
  'shellies/+/+/+/power',
  'zigbee2mqtt/#',
  'spBv1.0/+/+/+/+',
]
const components = /^(switch|pm1|em1|em):\d{1,2}$/

/** A decoded Sparkplug payload, or undefined; loaded only where something is to be discovered. */
export type SparkplugReader = (payload: Uint8Array) => unknown

export function createDiscovery(readSparkplug: SparkplugReader = () => undefined): Discovery {
  const devices = new Map<string, { source: Source; mw: number | null; messages: number }>()

  function note(source: Source, topic: string, payload: Uint8Array, arrival: number): void {
    count(source, mqttSourceDecoder(source)?.decode(topic, payload, arrival))
  }

  /** A birth names a device's metrics: the first that is called power is read. */
  function noteEdge(topic: string, payload: unknown, arrival: number): void {
    const [, group = '', type, node = '', device] = topic.split('/')
    if ((type !== 'DBIRTH' && type !== 'DDATA') || device === undefined) return
    for (const powerMetric of powerMetrics(payload)) {
      const source = { kind: 'sparkplug' as const, group, node, device, powerMetric }
      count(source, decodeSparkplug(topic, payload, arrival, source))
    }
  }

  function count(source: Source, reading: DecodedReading | undefined): void {
    const sample = reading?.ok === true && reading.value.kind === 'sample' ? reading.value.sample : undefined
    const name = JSON.stringify(source)
    const known = devices.get(name)
    // Only what measures power is a plug; buttons and thermometers speak on the same topics.
    if (!known && sample?.powerMw === undefined) return
    devices.set(name, {
      source,
      mw: sample?.powerMw ?? known?.mw ?? null,
      messages: (known?.messages ?? 0) + 1,
    })
  }

  return {
    filters,
    see(topic, payload, arrival) {
      if (topic.startsWith('spBv1.0/')) noteEdge(topic, readSparkplug(payload), arrival)
      else for (const source of candidates(topic, payload)) note(source, topic, payload, arrival)
    },
    found: () => [...devices.values()].sort((a, b) => a.source.kind.localeCompare(b.source.kind)),
  }
}

function powerMetrics(payload: unknown): string[] {
  const metrics = (payload as { metrics?: unknown } | undefined)?.metrics
  const all: readonly unknown[] = Array.isArray(metrics) ? metrics : []
  const names = all.map((one) => (one as { name?: unknown } | null)?.name)
  return names.filter((name): name is string => typeof name === 'string' && isPower(name)).slice(0, 1)
}

const isPower = (name: string) => name.length <= 400 && /power|watt/i.test(name)

/** Which sources such a topic can belong to. */
function candidates(topic: string, payload: Uint8Array): Source[] {
  const words = topic.split('/')
  const [first = '', second = '', third = '', fourth = ''] = words
  if (first === 'tele' || first === 'stat') return [{ kind: 'tasmota', topic: second }]
  if (first === 'shellies') {
    const channel = Number(fourth)
    const plain = third !== '' && Number.isInteger(channel) && channel <= 7
    return plain ? [{ kind: 'shelly-gen1', topic: second, channel }] : []
  }
  if (first === 'zigbee2mqtt') {
    const name = words.slice(1).join('/')
    return name.startsWith('bridge/') || name === ''
      ? []
      : [{ kind: 'zigbee2mqtt', topic: name, base: first }]
  }
  if (words.at(-2) === 'status') return shelly(words.slice(0, -2).join('/'), [words.at(-1) ?? ''])
  if (topic.endsWith('/events/rpc')) return shelly(words.slice(0, -2).join('/'), componentsOf(payload))
  return []
}

const shelly = (topic: string, names: readonly string[]): Source[] =>
  names.filter((name) => components.test(name)).map((component) => ({ kind: 'shelly', topic, component }))

/** Components a status notification names. */
function componentsOf(payload: Uint8Array): string[] {
  try {
    const data: unknown = JSON.parse(Buffer.from(payload).toString())
    const params = (data as { params?: unknown } | null)?.params
    return typeof params === 'object' && params !== null ? Object.keys(params) : []
  } catch {
    return []
  }
}

function placeOf(source: Source): string {
  if (source.kind === 'modbus-tcp')
    return `${source.meter} at ${source.host}:${source.port} unit ${source.unit}`
  if (source.kind === 'sparkplug')
    return `${source.group}/${source.node}/${source.device} ${source.powerMetric}`
  return 'topic' in source ? source.topic : ''
}

/**
 * What was found, as the `instruments` of a gateway's YAML. Thresholds cannot be known yet: 2 W is called powered, and
 * nothing is called run until `hours calibrate` has proposed a level.
 */
export function discoveredYaml(found: readonly Discovered[]): string {
  const instruments = found.map(({ source }, i) => ({
    id: `instrument-${i + 1}`,
    source,
    thresholds: { onStartMw: 2_000, onStopMw: 1_000, runStartMw: 1_000_000_000, runStopMw: 1_000_000_000 },
  }))
  const notes = found.map(
    ({ source, mw, messages }, i) =>
      `#   instrument-${i + 1}: ${source.kind} ${placeOf(source)}, ${messages} message(s), ${
        mw === null ? 'no power yet' : `${mw / 1_000} W`
      }`,
  )
  return [
    `# ${found.length} plug(s) or meter(s) heard:`,
    ...notes,
    '# Give each its instrument id. run thresholds: `hours calibrate` proposes them; until then nothing counts as run.',
    stringify({ instruments }),
  ].join('\n')
}
