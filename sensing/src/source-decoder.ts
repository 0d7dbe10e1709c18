import type { Source } from '@hours/protocol'
import { decodeShelly, decodeShellyGen1 } from './shelly.ts'
import { decodeTasmota } from './tasmota.ts'
import { decodeZigbee2Mqtt } from './zigbee2mqtt.ts'
import type { DecodedReading, DecodeOptions } from './reading.ts'

/** How one configured MQTT source is read: what to subscribe, and what a message says. Nothing here can publish. */
export interface MqttSourceDecoder {
  readonly filters: readonly string[]
  decode(topic: string, payload: Uint8Array, arrival: number): DecodedReading
}

/** The decoder of a source that speaks MQTT; undefined for sources that are polled. */
export function mqttSourceDecoder(
  source: Source,
  options: DecodeOptions = {},
): MqttSourceDecoder | undefined {
  switch (source.kind) {
    case 'tasmota':
      return tasmota(source, options)
    case 'shelly':
      return {
        filters: ['online', 'events/rpc', `status/${source.component}`].map(
          (end) => `${source.topic}/${end}`,
        ),
        decode: (topic, payload, arrival) =>
          decodeShelly(topic, payload, arrival, {
            ...options,
            component: source.component,
            means: source.means,
          }),
      }
    case 'shelly-gen1': {
      const root = source.topic.includes('/') ? source.topic : `shellies/${source.topic}`
      return {
        filters: [
          `${root}/online`,
          `${root}/+/${source.channel}/power`,
          `${root}/+/${source.channel}/energy`,
        ],
        decode: (topic, payload, arrival) =>
          decodeShellyGen1(topic, payload, arrival, { ...options, channel: source.channel }),
      }
    }
    case 'zigbee2mqtt': {
      const { base, channel, topic: name } = source
      const suffix = channel === undefined ? '' : `_${channel}`
      const ends = ['', '/availability', `/power${suffix}`, `/energy${suffix}`]
      return {
        filters: ends.map((end) => `${base}/${name}${end}`),
        decode: (topic, payload, arrival) =>
          decodeZigbee2Mqtt(topic, payload, arrival, { ...options, base, name, channel }),
      }
    }
    default:
      return undefined
  }
}

/** A full topic (with `/`) stands for itself, beside the LWT next to it; a bare name for Tasmota's standard topics. */
function tasmota(source: Extract<Source, { kind: 'tasmota' }>, options: DecodeOptions): MqttSourceDecoder {
  const full = source.topic.includes('/')
  const stem = full ? source.topic.slice(0, source.topic.lastIndexOf('/')) : `tele/${source.topic}`
  const filters = full
    ? [source.topic, `${stem}/LWT`]
    : [
        `${stem}/SENSOR`,
        `${stem}/ENERGY`,
        `${stem}/LWT`,
        `stat/${source.topic}/STATUS8`,
        `stat/${source.topic}/STATUS10`,
      ]
  const { channel, inputs } = source
  const own = { ...options, zone: source.zone ?? options.zone, channel, inputs }
  return { filters, decode: (topic, payload, arrival) => decodeTasmota(topic, payload, arrival, own) }
}
