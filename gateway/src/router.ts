import type { InstrumentSettings } from '@hours/protocol'
import { type DecodedReading, mqttSourceDecoder } from '@hours/sensing'

/** What a message from the local broker means, and for which instrument. */
export interface Routed {
  readonly instrument: string
  readonly reading: DecodedReading
}

/** Finds the sources a topic belongs to; one message may serve several instruments (a strip with several sockets). */
export interface Router {
  /** What to subscribe to on the local broker. */
  readonly filters: readonly string[]
  route(topic: string, payload: Uint8Array, arrival: number): readonly Routed[]
}

export function createRouter(instruments: readonly InstrumentSettings[], zone?: string): Router {
  const exact = new Map<string, { id: string; decode: Decode }[]>()
  const patterns: { parts: string[]; id: string; decode: Decode }[] = []
  const filters = new Set<string>()
  for (const { id, source } of instruments) {
    const decoder = mqttSourceDecoder(source, { zone })
    if (!decoder) continue
    const decode: Decode = (topic, payload, arrival) => decoder.decode(topic, payload, arrival)
    for (const filter of decoder.filters) {
      filters.add(filter)
      if (filter.includes('+')) patterns.push({ parts: filter.split('/'), id, decode })
      else exact.set(filter, [...(exact.get(filter) ?? []), { id, decode }])
    }
  }
  return {
    filters: [...filters],
    route(topic, payload, arrival) {
      const parts = topic.split('/')
      const hits = [
        ...(exact.get(topic) ?? []),
        ...(patterns.length === 0 ? [] : patterns.filter((pattern) => fits(pattern.parts, parts))),
      ]
      return hits.map(({ id, decode }) => ({ instrument: id, reading: decode(topic, payload, arrival) }))
    },
  }
}

type Decode = (topic: string, payload: Uint8Array, arrival: number) => DecodedReading

const fits = (pattern: readonly string[], parts: readonly string[]) =>
  pattern.length === parts.length && pattern.every((word, i) => word === '+' || word === parts[i])
