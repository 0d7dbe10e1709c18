import type { KnownState } from '@hours/protocol'
import { accept, refuse } from '@hours/protocol'
import { placeInstant, placeText } from './device-time.ts'
import { own, powerOf, present, readObject, scaled, shown } from './json-payload.ts'
import type { Contact, DecodedReading, DecodeOptions, Reading, Sample } from './reading.ts'

/** A state that a machine states itself, as the three conditions the detector debounces. */
export const contactOf = (state: KnownState): Contact => ({
  powered: state !== 'off',
  run: state === 'run',
  fault: state === 'fault',
})

const words: ReadonlyMap<string, KnownState> = new Map(
  Object.entries({
    off: 'OFF POWEREDOFF SHUTDOWN',
    standby: 'STANDBY IDLE READY STOPPED STOP WAITING PAUSED HELD COMPLETE COMPLETED SLEEP NOTEXECUTING',
    run: 'RUN RUNNING EXECUTE EXECUTING ACTIVE BUSY MEASURING',
    fault: 'FAULT ERROR ALARM ABORTED',
  } satisfies Record<KnownState, string>).flatMap(([state, list]) =>
    list.split(' ').map((word) => [word, state as KnownState] as const),
  ),
)

/** The state that a plain word means, or undefined: a word that is not known is not guessed at. */
export const stateOfWord = (text: string): KnownState | undefined =>
  words.get(text.toUpperCase().replace(/[\s_-]/g, ''))

/** A dry contact at a GPIO line: `high` is the line's level, `activeLow` turns it over. */
export function decodeContact(
  high: boolean,
  arrival: number,
  options: { readonly means: keyof Contact; readonly activeLow: boolean },
): DecodedReading {
  const contact = { [options.means]: high !== options.activeLow }
  return accept<Reading>({ kind: 'sample', sample: { at: arrival, contact } })
}

/**
 * What an instrument's PC pushes over HTTP: `{"powerW":412.5,"energyWh":120,"onSeconds":5,"state":"run","at":...}`, each
 * key optional; `at` is Unix ms or ISO 8601 with offset, absent = arrival.
 */
export function decodePush(
  payload: Uint8Array,
  arrival: number,
  options: DecodeOptions = {},
): DecodedReading {
  const message = readObject(payload)
  if (!message.ok) return message
  const power = powerOf(own(message.value, 'powerW'), 'powerW')
  if (!power.ok) return power
  const energy = scaled(own(message.value, 'energyWh'), 1_000, 'energyWh')
  if (!energy.ok) return energy
  const onTime = scaled(own(message.value, 'onSeconds'), 1_000, 'onSeconds')
  if (!onTime.ok) return onTime
  const said = own(message.value, 'state')
  const state = typeof said === 'string' ? stateOfWord(said) : undefined
  if (said !== undefined && said !== null && state === undefined)
    return refuse('bad_field', `state: ${shown(said)}: must be off, standby, run or fault`)
  const when = own(message.value, 'at')
  const at =
    typeof when === 'number' ? placeInstant(when, arrival, options) : placeText(when, arrival, options)
  if (!at.ok) return at
  const sample = present<Sample>({
    at: at.value,
    powerMw: power.value,
    energyMwh: energy.value,
    onTimeMs: onTime.value,
    contact: state && contactOf(state),
  })
  return Object.keys(sample).length === 1
    ? accept<Reading>({ kind: 'nothing', why: 'none of powerW, energyWh, onSeconds, state' })
    : accept<Reading>({ kind: 'sample', sample })
}
