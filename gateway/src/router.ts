import type { InstrumentSettings } from '@hours/protocol'
import { type DecodedReading, mqttSourceDecoder } from '@hours/sensing'

/** What a message from the local broker means, and for which source of which instrument. */
export interface Routed {
  readonly instrument: string
  /** 0 = the instrument's `source`, 1 = the first of its `others` ... */
  readonly source: number
  readonly reading: DecodedReading
}

/** Finds the sources a topic belongs to; one message may serve several instruments (a strip with several sockets). */
export interface Router {
  /** What to subscribe to on the local broker. */
  readonly filters: readonly string[]
  route(topic: string, payload: Uint8Array, arrival: number): readonly Routed[]
}

interface Target {
  readonly instrument: string
  readonly source: number
  readonly decode: (topic: string, payload: Uint8Array, arrival: number) => DecodedReading
}

export function createRouter(instruments: readonly InstrumentSettings[]): Router {
  const exact = new Map<string, Target[]>()
  const patterns: { parts: string[]; target: Target }[] = []
  const filters = new Set<string>()
  for (const { id, source: first, others } of instruments)
    for (const [source, settings] of [first, ...(others ?? [])].entries()) {
      const decoder = mqttSourceDecoder(settings)
      if (!decoder) continue
      const target: Target = {
        instrument: id,
        source,
        decode: (topic, payload, arrival) => decoder.decode(topic, payload, arrival),
      }
      for (const filter of decoder.filters) {
        filters.add(filter)
        if (filter.includes('+')) patterns.push({ parts: filter.split('/'), target })
        else exact.set(filter, [...(exact.get(filter) ?? []), target])
      }
    }
  return {
    filters: [...filters],
    route(topic, payload, arrival) {
      const parts = topic.split('/')
      const hits = [
        ...(exact.get(topic) ?? []),
        ...patterns.filter((pattern) => fits(pattern.parts, parts)).map(({ target }) => target),
      ]
      return hits.map(({ instrument, source, decode }) => ({
        instrument,
        source,
        reading: decode(topic, payload, arrival),
      }))
    },
  }
}

const fits = (pattern: readonly string[], parts: readonly string[]) =>
  pattern.length === parts.length && pattern.every((word, i) => word === '+' || word === parts[i])
