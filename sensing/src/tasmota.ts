import { accept, refuse } from '@hours/protocol'
import { placeInstant, placeText } from './device-time.ts'
import {
  asObject,
  type JsonObject,
  own,
  powerOf,
  present,
  readObject,
  readText,
  scaled,
  shown,
} from './json-payload.ts'
import type { Contact, DecodedReading, DecodeOptions, Reading, Sample } from './reading.ts'

export interface TasmotaOptions extends DecodeOptions {
  /** 1-based element of an array (phase or channel); absent = the sum of all. */
  readonly channel?: number | undefined
  /** What a closed (`ON`) input says: key `Switch1` and so on. Inputs that are not named here say nothing. */
  readonly inputs?: Readonly<Record<string, keyof Contact>> | undefined
}

const nothing = (why: string): DecodedReading => accept<Reading>({ kind: 'nothing', why })

/**
 * Tasmota (wire.md, section 5): `tele/{t}/SENSOR`, `stat/{t}/STATUS8` and `STATUS10`, `tele/{t}/ENERGY` of old
 * firmware, `tele/{t}/LWT`, `tele/{t}/STATE`. Power W, Total kWh. `Epoch` wins over `Time`; see `placeText` for local
 * times. A Total that falls is a reset of the counter, not a stop: only Power makes states.
 */
export function decodeTasmota(
  topic: string,
  payload: Uint8Array,
  arrival: number,
  options: TasmotaOptions,
): DecodedReading {
  const name = topic.slice(topic.lastIndexOf('/') + 1)
  if (name === 'LWT') return availability(payload, arrival)
  if (/^(INFO\d*|RESULT|POWER\d*|UPTIME|LOGGING|CONFIG|SENSORS?RETAIN)$/.test(name))
    return nothing(`${name} carries no power`)
  if (!/^(SENSOR|STATE|ENERGY|STATUS\d*)$/.test(name))
    return refuse(
      'unknown_topic',
      `topic "${topic.slice(0, 80)}": Tasmota publishes no power as ${shown(name)}`,
    )
  const message = readObject(payload)
  if (!message.ok) return message
  if (name === 'ENERGY') return energyReading(message.value, message.value, arrival, options)
  const body = name.startsWith('STATUS') ? asObject(own(message.value, 'StatusSNS')) : message.value
  if (!body) return nothing(`${name} without StatusSNS carries no power`)
  const energy = own(body, 'ENERGY')
  if (energy !== undefined && !asObject(energy))
    return refuse('bad_field', `ENERGY: ${shown(energy)}: must be an object`)
  return energyReading(body, asObject(energy) ?? {}, arrival, options)
}

function availability(payload: Uint8Array, at: number): DecodedReading {
  const text = readText(payload)
  if (!text.ok) return text
  if (text.value === 'Online') return accept<Reading>({ kind: 'availability', online: true, at })
  if (text.value === 'Offline') return accept<Reading>({ kind: 'availability', online: false, at })
  if (text.value === '') return nothing('LWT was cleared')
  return refuse('bad_field', `LWT: ${shown(text.value)}: must be Online or Offline`)
}

function energyReading(
  body: JsonObject,
  energy: JsonObject,
  arrival: number,
  options: TasmotaOptions,
): DecodedReading {
  const power = total(own(energy, 'Power'), powerOf, 'ENERGY.Power', options.channel)
  if (!power.ok) return power
  const counter = total(own(energy, 'Total'), kilowattHours, 'ENERGY.Total', options.channel)
  if (!counter.ok) return counter
  const contact = inputs(body, options)
  if (!contact.ok) return contact
  if (power.value === undefined && counter.value === undefined && contact.value === undefined)
    return nothing('no ENERGY.Power and no named input')
  const at = timeOf(body, arrival, options)
  if (!at.ok) return at
  const sample = present<Sample>({
    at: at.value,
    powerMw: power.value,
    energyMwh: counter.value,
    onTimeMs: undefined,
    contact: contact.value,
  })
  return accept<Reading>({ kind: 'sample', sample })
}

function timeOf(body: JsonObject, arrival: number, options: TasmotaOptions) {
  const epoch = own(body, 'Epoch')
  if (epoch === undefined) return placeText(own(body, 'Time'), arrival, options)
  if (typeof epoch !== 'number') return refuse('bad_time', `Epoch: ${shown(epoch)}: must be Unix seconds`)
  return placeInstant(epoch * 1_000, arrival, options)
}

const kilowattHours = (value: unknown, field: string) => scaled(value, 1_000_000, field)

/** A number, or an array with one number a phase: the sum, or the one that `channel` names. */
function total(value: unknown, read: typeof powerOf, field: string, channel: number | undefined) {
  if (!Array.isArray(value)) return read(value, field)
  const wanted: unknown[] = channel === undefined ? value : value.slice(channel - 1, channel)
  if (wanted.length === 0)
    return refuse('bad_field', `${field}: ${value.length} elements, channel ${channel ?? 'any'} is not there`)
  let sum = 0
  for (const [i, one] of wanted.entries()) {
    const part = read(one, `${field}[${i}]`)
    if (!part.ok) return part
    // A sum without one of its phases would be a wrong power, not a smaller one.
    if (part.value === undefined) return refuse('no_reading', `${field}[${i}]: null: a phase is missing`)
    sum += part.value
  }
  return accept(sum)
}

function inputs(body: JsonObject, options: TasmotaOptions) {
  let contact: Contact | undefined
  for (const [key, means] of Object.entries(options.inputs ?? {})) {
    const value = own(body, key)
    if (value === undefined) continue
    if (value !== 'ON' && value !== 'OFF')
      return refuse('bad_field', `${key}: ${shown(value)}: must be ON or OFF`)
    contact = { ...contact, [means]: value === 'ON' }
  }
  return accept(contact)
}
