import { accept, refuse, type Source } from '@hours/protocol'
import {
  type DecodedReading,
  decodeSparkplug,
  type Reading,
  type SensingCode,
  sparkplugAliases,
} from '@hours/sensing'

/** What is remembered of one edge node between its messages: its sequence, its session, names by alias. */
export interface SparkplugSession {
  /** `payload` is what `sparkplug-payload` made of the message, undefined where it could not. */
  take(topic: string, payload: unknown, arrival: number): readonly DecodedReading[]
  /** Whether the node lives and its birth is not known, or was before messages were lost: a host may ask for another. */
  needsBirth(): boolean
}

type SparkplugSource = Extract<Source, { kind: 'sparkplug' }>

/** All that the node says: its messages share one sequence, whatever device they are about. */
export const sparkplugFilters = ({ group, node }: SparkplugSource): readonly string[] => [
  `spBv1.0/${group}/+/${node}`,
  `spBv1.0/${group}/+/${node}/+`,
]

/**
 * Sparkplug B 3.0: `seq` counts 0..255 from each NBIRTH on, so a number left out is a message lost. Then nobody knows
 * what was missed: coverage is lost, aliases are forgotten until the next birth, and data with names is read on.
 */
export function createSparkplugSession(source: SparkplugSource): SparkplugSession {
  let seq: number | undefined
  let session: number | undefined
  let unborn = false
  let isBorn = false
  let nodeAliases: ReadonlyMap<number, string> = new Map()
  let aliases: ReadonlyMap<number, string> = new Map()

  /** A fault where `payload` does not follow the last message. */
  function gap(payload: unknown): DecodedReading | undefined {
    const said = numberAt(payload, 'seq')
    const expected = seq === undefined ? undefined : (seq + 1) % 256
    seq = said
    if (said === undefined) return refuse<SensingCode>('bad_frame', 'seq: absent: not a Sparkplug B message')
    if (expected === undefined || said === expected) return undefined
    aliases = new Map()
    nodeAliases = new Map()
    unborn = true
    return refuse<SensingCode>(
      'bad_frame',
      `seq: ${said} after ${(expected + 255) % 256}: messages were lost; names are known again from the node's next birth on`,
    )
  }

  function born(type: string, device: string | undefined, payload: unknown): void {
    if (type === 'NBIRTH') {
      seq = undefined
      unborn = false
      isBorn = true
      session = bdSeqOf(payload)
      nodeAliases = sparkplugAliases(payload)
      aliases = nodeAliases
    } else if (device === source.device) aliases = new Map([...nodeAliases, ...sparkplugAliases(payload)])
  }

  return {
    needsBirth: () => unborn,
    take(topic, payload, arrival) {
      const [, , type = '', , device] = topic.split('/')
      if (!types.has(type)) return []
      const gone: DecodedReading = accept<Reading>({
        kind: 'availability',
        online: false,
        at: arrival,
        lost: true,
      })
      if (type === 'NDEATH') {
        // The will of an older session comes late when the node was taken over; it is not this one's death.
        const died = bdSeqOf(payload)
        if (session !== undefined && died !== undefined && died !== session) return []
        seq = undefined
        unborn = false
        return [gone]
      }
      if (payload === undefined)
        return [refuse<SensingCode>('bad_frame', `${type}: not a Sparkplug B payload`)]
      if (type === 'NBIRTH') born(type, device, payload)
      else if (!isBorn) unborn = true
      const fault = gap(payload)
      if (type === 'DBIRTH') born(type, device, payload)
      const lost = fault ? [fault, gone] : []
      if (device !== source.device) return lost
      return [...lost, decodeSparkplug(topic, payload, arrival, { ...source, aliases })]
    },
  }
}

const types = new Set(['NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH', 'DDATA', 'DDEATH'])

function bdSeqOf(payload: unknown): number | undefined {
  const metrics =
    typeof payload === 'object' && payload !== null && 'metrics' in payload ? payload.metrics : []
  const all: readonly unknown[] = Array.isArray(metrics) ? metrics : []
  const one = all.find((m) => typeof m === 'object' && m !== null && 'name' in m && m.name === 'bdSeq')
  return numberAt(one, 'value')
}

/** A number of a decoded message; 64-bit ones come as an object that says its number, strangers as one that may not. */
function numberAt(value: unknown, key: 'seq' | 'value'): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const found = (value as Partial<Record<typeof key, unknown>>)[key]
  const number = typeof found === 'object' && found !== null ? numberOf(found) : found
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined
}

function numberOf(value: object): number | undefined {
  try {
    return Number(value)
  } catch {
    return undefined
  }
}
