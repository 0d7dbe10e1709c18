import { accept, refuse } from '@hours/protocol'
import { placeInstant } from './device-time.ts'
import {
  asObject,
  type JsonObject,
  own,
  plainNumber,
  plainPower,
  powerOf,
  present,
  readObject,
  readText,
  scaled,
  shown,
} from './json-payload.ts'
import type { Contact, DecodedReading, DecodeOptions, Reading, Sample } from './reading.ts'

export interface ShellyOptions extends DecodeOptions {
  /** The one component that is read, such as `switch:0`; a strip has several. */
  readonly component: string
  /** What a closed `input:N` says; default `run`. */
  readonly means?: keyof Contact | undefined
}

const nothing = (why: string): DecodedReading => accept<Reading>({ kind: 'nothing', why })

/**
 * Shelly Gen2 and later (wire.md, section 5): `{prefix}/events/rpc` NotifyStatus and NotifyFullStatus,
 * `{prefix}/status/{component}`, `{prefix}/online`. apower W, aenergy.total Wh, counts.on_time s. NotifyStatus is a
 * delta: a frame without power says nothing about power. `ts` null (before NTP) takes arrival, and so does the status
 * topic, which has no time. Negative power is passed on as it is: it feeds back, or the clamp sits the wrong way, and
 * the detector decides.
 */
export function decodeShelly(
  topic: string,
  payload: Uint8Array,
  arrival: number,
  options: ShellyOptions,
): DecodedReading {
  if (topic.endsWith('/online')) return online(payload, arrival)
  const status = /\/status\/([a-z0-9_]+(?::\d+)?)$/.exec(topic)?.[1]
  if (status !== undefined && status !== options.component) return nothing(`status of ${status}`)
  if (status === undefined && !topic.endsWith('/events/rpc'))
    return refuse('unknown_topic', `topic "${topic.slice(0, 80)}": not online, events/rpc or status/...`)
  const message = readObject(payload)
  if (!message.ok) return message
  return status === undefined
    ? notification(message.value, arrival, options)
    : component(message.value, arrival, options)
}

function online(payload: Uint8Array, at: number): DecodedReading {
  const text = readText(payload)
  if (!text.ok) return text
  if (text.value === 'true') return accept<Reading>({ kind: 'availability', online: true, at })
  if (text.value === 'false') return accept<Reading>({ kind: 'availability', online: false, at })
  if (text.value === '') return nothing('online was cleared')
  return refuse('bad_field', `online: ${shown(text.value)}: must be true or false`)
}

function notification(message: JsonObject, arrival: number, options: ShellyOptions): DecodedReading {
  const method = own(message, 'method')
  if (method !== 'NotifyStatus' && method !== 'NotifyFullStatus') return nothing(`method ${shown(method)}`)
  const params = asObject(own(message, 'params'))
  if (!params) return refuse('bad_field', `params: ${shown(own(message, 'params'))}: must be an object`)
  const part = own(params, options.component)
  if (part === undefined || part === null) return nothing(`delta without ${options.component}`)
  const body = asObject(part)
  if (!body) return refuse('bad_field', `${options.component}: ${shown(part)}: must be an object`)
  const ts = own(params, 'ts')
  if (ts !== null && ts !== undefined && (typeof ts !== 'number' || !Number.isFinite(ts)))
    return refuse('bad_time', `params.ts: ${shown(ts)}: must be Unix seconds or null`)
  // A device that says unixtime null has no clock, whatever its ts claims (H&T, 3 s after waking).
  const clockless = own(asObject(own(params, 'sys')) ?? {}, 'unixtime') === null
  const at = placeInstant(typeof ts === 'number' && !clockless ? ts * 1_000 : null, arrival, options)
  return at.ok ? component(body, at.value, options) : at
}

const powerKey = (name: string): string =>
  name.startsWith('em:') ? 'total_act_power' : name.startsWith('em1:') ? 'act_power' : 'apower'

function component(body: JsonObject, at: number, options: ShellyOptions): DecodedReading {
  if (options.component.startsWith('input:')) return input(body, at, options)
  const key = powerKey(options.component)
  const power = powerOf(own(body, key), `${options.component}.${key}`)
  if (!power.ok) return power
  const energy = scaled(own(asObject(own(body, 'aenergy')) ?? {}, 'total'), 1_000, 'aenergy.total')
  if (!energy.ok) return energy
  const onTime = scaled(own(asObject(own(body, 'counts')) ?? {}, 'on_time'), 1_000, 'counts.on_time')
  if (!onTime.ok) return onTime
  if (power.value === undefined && energy.value === undefined && onTime.value === undefined)
    return nothing(`${options.component} without ${key}`)
  const sample = present<Sample>({
    at,
    powerMw: power.value,
    energyMwh: energy.value,
    onTimeMs: onTime.value,
    contact: undefined,
  })
  return accept<Reading>({ kind: 'sample', sample })
}

function input(body: JsonObject, at: number, options: ShellyOptions): DecodedReading {
  const state = own(body, 'state')
  if (state === undefined || state === null) return nothing(`${options.component} without state`)
  if (typeof state !== 'boolean')
    return refuse('bad_field', `${options.component}.state: ${shown(state)}: must be true or false`)
  return accept<Reading>({ kind: 'sample', sample: { at, contact: { [options.means ?? 'run']: state } } })
}

export interface ShellyGen1Options extends DecodeOptions {
  readonly channel: number
}

/**
 * Shelly Gen1: `shellies/{id}/relay/{n}/power` (or `meter`, `emeter`) plain W, `.../energy` plain watt-minutes of a
 * relay and Wh of an emeter, `shellies/{id}/online`. No device time: arrival.
 */
export function decodeShellyGen1(
  topic: string,
  payload: Uint8Array,
  arrival: number,
  options: ShellyGen1Options,
): DecodedReading {
  if (topic.endsWith('/online')) return online(payload, arrival)
  const text = readText(payload)
  if (!text.ok) return text
  const match = /\/(relay|meter|emeter|light)\/(\d{1,2})\/(power|energy|total)$/.exec(topic)
  if (!match) {
    return /\/(relay|input|light|input_event|longpush|temperature|temperature_f|overtemperature|announce|info|voltage|current|pf|overpower_value|total_returned|returned_energy|reactive_power)(\/|$)/.test(
      topic,
    )
      ? nothing('no power on this topic')
      : refuse('unknown_topic', `topic "${topic.slice(0, 80)}": not relay/N/power, relay/N/energy or online`)
  }
  const [, kind, channel, what] = match
  if (Number(channel) !== options.channel) return nothing(`channel ${channel ?? ''}`)
  if (what === 'power') {
    const power = plainPower(text.value, 'power')
    return power.ok
      ? accept<Reading>({ kind: 'sample', sample: { at: arrival, powerMw: power.value } })
      : power
  }
  if (kind === 'emeter' && what === 'energy') return nothing('energy since the last report')
  const energy = plainNumber(text.value, kind === 'emeter' ? 1_000 : 1_000 / 60, 'energy')
  return energy.ok
    ? accept<Reading>({ kind: 'sample', sample: { at: arrival, energyMwh: energy.value } })
    : energy
}
