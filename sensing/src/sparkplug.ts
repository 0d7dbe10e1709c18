import { accept, refuse } from '@hours/protocol'
import { placeInstant } from './device-time.ts'
import { asObject, type JsonObject, own, powerOf, present, shown } from './json-payload.ts'
import type { DecodedReading, DecodeOptions, Reading, Sample } from './reading.ts'
import { contactOf, stateOfWord } from './stated.ts'

export interface SparkplugOptions extends DecodeOptions {
  readonly group: string
  readonly node: string
  readonly device: string
  readonly powerMetric: string
  readonly stateMetric?: string | undefined
  /** Names by alias, from the last birth (`sparkplugAliases`): data messages may leave names out. */
  readonly aliases?: ReadonlyMap<number, string> | undefined
}

const nothing = (why: string): DecodedReading => accept<Reading>({ kind: 'nothing', why })

/**
 * A decoded Sparkplug B message (the object that `sparkplug-payload` gives): power in W of one device, or the state it
 * states. NDEATH and DDEATH are coverage lost, never off. Lower evidence grade: data travels with QoS 0.
 */
export function decodeSparkplug(
  topic: string,
  payload: unknown,
  arrival: number,
  options: SparkplugOptions,
): DecodedReading {
  const [root, group, type, node, device, ...rest] = topic.split('/')
  if (root !== 'spBv1.0' || group !== options.group || node !== options.node || rest.length > 0)
    return refuse('unknown_topic', `topic "${topic.slice(0, 80)}": not of ${options.group}/${options.node}`)
  const dead: DecodedReading = accept<Reading>({
    kind: 'availability',
    online: false,
    at: arrival,
    lost: true,
  })
  if (type === 'NDEATH') return dead
  if (device !== options.device) return nothing(`${type ?? ''} of another device`)
  if (type === 'DDEATH') return dead
  if (type !== 'DBIRTH' && type !== 'DDATA') return nothing(`${type ?? ''} carries no power`)
  const message = asObject(payload)
  const metrics = message && own(message, 'metrics')
  if (!message || !Array.isArray(metrics))
    return refuse('bad_field', `metrics: ${shown(metrics)}: must be a list`)
  return sampleOf(message, metrics, arrival, options)
}

function sampleOf(
  message: JsonObject,
  metrics: readonly unknown[],
  arrival: number,
  options: SparkplugOptions,
): DecodedReading {
  const named = (name: string | undefined) =>
    name === undefined
      ? undefined
      : metrics.map(asObject).find((metric) => metric && nameOf(metric, options) === name)
  const powerMetric = named(options.powerMetric)
  const stateMetric = named(options.stateMetric)
  if (!powerMetric && !stateMetric) return nothing(`no metric ${shown(options.powerMetric)} in the message`)
  if (powerMetric && numberOf(own(powerMetric, 'value')) === null)
    return refuse('no_reading', `${options.powerMetric}: null: the node has no reading`)
  const power = powerOf(powerMetric && numberOf(own(powerMetric, 'value')), options.powerMetric)
  if (!power.ok) return power
  const said = stateMetric && own(stateMetric, 'value')
  const state = typeof said === 'string' ? stateOfWord(said) : undefined
  if (stateMetric && !state)
    return refuse(
      'bad_field',
      `${options.stateMetric ?? ''}: ${shown(said)}: must be off, standby, run or fault`,
    )
  const stamp =
    numberOf(own(powerMetric ?? stateMetric ?? {}, 'timestamp')) ?? numberOf(own(message, 'timestamp'))
  const at = placeInstant(typeof stamp === 'number' ? stamp : null, arrival, options)
  if (!at.ok) return at
  const sample = present<Sample>({
    at: at.value,
    powerMw: power.value,
    energyMwh: undefined,
    onTimeMs: undefined,
    contact: state && contactOf(state),
  })
  return accept<Reading>({ kind: 'sample', sample })
}

function nameOf(metric: JsonObject, options: SparkplugOptions): unknown {
  const name = own(metric, 'name')
  if (typeof name === 'string' && name !== '') return name
  const alias = numberOf(own(metric, 'alias'))
  return typeof alias === 'number' ? options.aliases?.get(alias) : undefined
}

/** Names by alias out of a birth's payload; empty for anything else. */
export function sparkplugAliases(payload: unknown): ReadonlyMap<number, string> {
  const metrics = own(asObject(payload) ?? {}, 'metrics')
  const aliases = new Map<number, string>()
  for (const one of Array.isArray(metrics) ? metrics : []) {
    const metric = asObject(one) ?? {}
    const alias = numberOf(own(metric, 'alias'))
    const name = own(metric, 'name')
    if (typeof alias === 'number' && typeof name === 'string') aliases.set(alias, name)
  }
  return aliases
}

/** 64-bit values come as bigint or as {low, high} (the `long` package); everything else is passed on as it is. */
function numberOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  const long = asObject(value)
  const low = long && own(long, 'low')
  const high = long && own(long, 'high')
  return typeof low === 'number' && typeof high === 'number' ? high * 4_294_967_296 + (low >>> 0) : value
}
