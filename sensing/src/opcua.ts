import type { KnownState } from '@hours/protocol'
import { accept, refuse } from '@hours/protocol'
import { asObject, own, powerOf, present, scaled, shown } from './json-payload.ts'
import type { DecodedReading, Reading, Sample } from './reading.ts'
import { contactOf } from './stated.ts'

/** Values of the nodes that were read; a LocalizedText comes as `{text}`. Durations are ms, as OPC UA's Duration is. */
export interface OpcuaValues {
  readonly state?: unknown
  readonly powerW?: unknown
  readonly onTimeMs?: unknown
  readonly runTimeMs?: unknown
}

/** OPC 40001-1 MachineryItemState, by name and by state number: NotAvailable is coverage lost, OutOfService a fault. */
const machinery: ReadonlyMap<string, KnownState | 'gone'> = new Map([
  ['NOTAVAILABLE', 'gone'],
  ['OUTOFSERVICE', 'fault'],
  ['NOTEXECUTING', 'standby'],
  ['EXECUTING', 'run'],
])
const machineryNumbers = ['NOTAVAILABLE', 'OUTOFSERVICE', 'NOTEXECUTING', 'EXECUTING']

/** OPC 30500-1 (LADS): functional unit and device states. Held and suspended units wait; an aborted one is in fault. */
const lads: ReadonlyMap<string, KnownState | 'gone'> = new Map([
  ...'RUNNING EXECUTE STARTING COMPLETING UNHOLDING UNSUSPENDING STOPPING'
    .split(' ')
    .map((w) => [w, 'run'] as const),
  ...'STOPPED COMPLETE HOLDING HELD SUSPENDING SUSPENDED RESETTING IDLE CLEARING OPERATE INITIALIZATION SLEEP'
    .split(' ')
    .map((w) => [w, 'standby'] as const),
  ...'ABORTING ABORTED'.split(' ').map((w) => [w, 'fault'] as const),
  ['SHUTDOWN', 'off'],
])

/** One reading out of the nodes of an OPC UA server; `at` is the read's time in Unix ms. */
export function decodeOpcua(values: OpcuaValues, at: number, profile: 'lads' | 'machinery'): DecodedReading {
  const power = powerOf(values.powerW, 'power')
  if (!power.ok) return power
  const onTime = scaled(numberOf(values.onTimeMs), 1, 'on-time')
  if (!onTime.ok) return onTime
  const runTime = scaled(numberOf(values.runTimeMs), 1, 'run-time')
  if (!runTime.ok) return runTime
  const text = wordOf(values.state, profile)
  const state = text === undefined ? undefined : (profile === 'lads' ? lads : machinery).get(text)
  if (values.state !== undefined && values.state !== null && state === undefined)
    return refuse('bad_field', `state: ${shown(values.state)}: not a state of ${profile}`)
  if (state === 'gone') return accept<Reading>({ kind: 'availability', online: false, at, lost: true })
  const sample = present<Sample>({
    at,
    powerMw: power.value,
    energyMwh: undefined,
    onTimeMs: onTime.value,
    runTimeMs: runTime.value,
    contact: state && contactOf(state),
  })
  return Object.keys(sample).length === 1
    ? accept<Reading>({ kind: 'nothing', why: 'no node had a value' })
    : accept<Reading>({ kind: 'sample', sample })
}

const numberOf = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value)

function wordOf(value: unknown, profile: 'lads' | 'machinery'): string | undefined {
  if (typeof value === 'number' && profile === 'machinery') return machineryNumbers[value]
  const text = typeof value === 'string' ? value : own(asObject(value) ?? {}, 'text')
  return typeof text === 'string' ? text.toUpperCase().replace(/[\s_]/g, '') : undefined
}
