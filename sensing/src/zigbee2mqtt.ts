import { accept, refuse } from '@hours/protocol'
import { placeInstant, placeText } from './device-time.ts'
import {
  asObject,
  own,
  plainNumber,
  plainPower,
  powerOf,
  present,
  readText,
  scaled,
  shown,
} from './json-payload.ts'
import type { DecodedReading, DecodeOptions, Reading, Sample } from './reading.ts'

export interface Zigbee2MqttOptions extends DecodeOptions {
  /** The friendly name below `base`; may contain `/`. */
  readonly name: string
  /** Default `zigbee2mqtt`. */
  readonly base?: string | undefined
  /** Suffix of a device with several channels, such as `l1`. */
  readonly channel?: string | undefined
}

const nothing = (why: string): DecodedReading => accept<Reading>({ kind: 'nothing', why })

/**
 * zigbee2mqtt: `{base}/{name}` JSON (power W, energy kWh), attribute mode `{base}/{name}/power` plain text,
 * `{base}/{name}/availability` as JSON or, before 2.x, as a bare word. Time is `last_seen` when it is there, else
 * arrival. An empty payload clears a retained topic and says nothing.
 */
export function decodeZigbee2Mqtt(
  topic: string,
  payload: Uint8Array,
  arrival: number,
  options: Zigbee2MqttOptions,
): DecodedReading {
  const root = `${options.base ?? 'zigbee2mqtt'}/${options.name}`
  if (topic !== root && !topic.startsWith(`${root}/`))
    return refuse('unknown_topic', `topic "${topic.slice(0, 80)}": not below "${root}"`)
  const text = readText(payload)
  if (!text.ok) return text
  if (text.value === '') return nothing('the topic was cleared')
  const attribute = topic === root ? undefined : topic.slice(root.length + 1)
  if (attribute === undefined) return whole(text.value, arrival, options)
  if (attribute === 'availability') return availability(text.value, arrival)
  const suffix = options.channel === undefined ? '' : `_${options.channel}`
  if (attribute === `power${suffix}`) return plain(text.value, arrival, 'powerMw')
  if (attribute === `energy${suffix}`) return plain(text.value, arrival, 'energyMwh')
  return nothing(`attribute ${shown(attribute)}`)
}

function plain(text: string, at: number, key: 'powerMw' | 'energyMwh'): DecodedReading {
  if (text === 'null') return refuse('no_reading', `${key}: null: the meter says "no reading"`)
  const value = key === 'powerMw' ? plainPower(text, 'power') : plainNumber(text, 1_000_000, 'energy')
  if (!value.ok) return value
  return accept<Reading>({ kind: 'sample', sample: { at, [key]: value.value } })
}

function availability(text: string, at: number): DecodedReading {
  const word = text.startsWith('{') ? own(parsed(text) ?? {}, 'state') : text
  if (word === 'online') return accept<Reading>({ kind: 'availability', online: true, at })
  if (word === 'offline') return accept<Reading>({ kind: 'availability', online: false, at })
  return refuse('bad_field', `availability: ${shown(text)}: must be online or offline`)
}

function parsed(text: string) {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

function whole(text: string, arrival: number, options: Zigbee2MqttOptions): DecodedReading {
  const message = parsed(text)
  if (!message) return refuse('not_json', `payload ${shown(text)}: must be a JSON object`)
  const suffix = options.channel === undefined ? '' : `_${options.channel}`
  const power = powerOf(own(message, `power${suffix}`), `power${suffix}`)
  if (!power.ok) return power
  const energy = scaled(own(message, `energy${suffix}`), 1_000_000, `energy${suffix}`)
  if (!energy.ok) return energy
  if (power.value === undefined && energy.value === undefined)
    return nothing(`no power${suffix} in the message`)
  const seen = own(message, 'last_seen')
  const at =
    typeof seen === 'number' ? placeInstant(seen, arrival, options) : placeText(seen, arrival, options)
  if (!at.ok) return at
  const sample = present<Sample>({
    at: at.value,
    powerMw: power.value,
    energyMwh: energy.value,
    onTimeMs: undefined,
    contact: undefined,
  })
  return accept<Reading>({ kind: 'sample', sample })
}
