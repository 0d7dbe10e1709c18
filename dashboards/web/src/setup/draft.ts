import type { Source, Thresholds } from '@hours/protocol'

/** What has been filled in so far; becomes the gateway's YAML (protocol's `GatewayConfig`). */
export interface Draft {
  readonly site: string
  readonly gateway: string
  readonly broker: string
  readonly local: string
  readonly instrument: string
  /** What people call it, in either language. */
  readonly nameEn: string
  readonly nameZh: string
  /** The organisation that manages it. */
  readonly unit: string
  readonly kind: SourceKind
  readonly topic: string
  readonly dwellS: number
  readonly thresholds: Thresholds
}

/** Sources that one text field describes; the others are written into the file by hand. */
export const sourceKinds = [
  'tasmota',
  'shelly',
  'shelly-gen1',
  'zigbee2mqtt',
  'modbus-tcp',
  'mtconnect',
  'opcua',
] as const satisfies readonly Source['kind'][]
export type SourceKind = (typeof sourceKinds)[number]

/** What the one field is called in the file. */
export const fieldOf: Readonly<Record<SourceKind, string>> = {
  tasmota: 'topic',
  shelly: 'topic',
  'shelly-gen1': 'topic',
  zigbee2mqtt: 'topic',
  'modbus-tcp': 'host',
  mtconnect: 'url',
  opcua: 'endpoint',
}

/** Kinds that report to the plugs' own broker. */
export const needsLocal = (kind: SourceKind): boolean => fieldOf[kind] === 'topic'

export const emptyDraft: Draft = {
  site: '',
  gateway: '',
  broker: 'mqtts://',
  local: 'mqtt://127.0.0.1:1883',
  instrument: '',
  nameEn: '',
  nameZh: '',
  unit: '',
  kind: 'tasmota',
  topic: '',
  dwellS: 30,
  thresholds: { onStartMw: 20_000, onStopMw: 12_000, runStartMw: 400_000, runStopMw: 320_000 },
}

const idForm = /^[a-z0-9][a-z0-9-]{0,62}$/
const urlForm = /^(mqtts?|tcp|tls):\/\/[^\s]+$/

export type Fault = 'id' | 'url' | 'empty'
export type Faults = ReadonlyMap<TextField, Fault>

/** The fields that are texts. */
export type TextField = Exclude<keyof Draft, 'kind' | 'dwellS' | 'thresholds'>

/** What is wrong with each field; empty when the file can be written. */
export function faultsOf(draft: Draft): Faults {
  const faults = new Map<TextField, Fault>()
  for (const name of ['site', 'gateway', 'instrument'] as const)
    if (!idForm.test(draft[name])) faults.set(name, 'id')
  if (!urlForm.test(draft.broker)) faults.set('broker', 'url')
  if (needsLocal(draft.kind) && !urlForm.test(draft.local)) faults.set('local', 'url')
  if (draft.topic.trim() === '') faults.set('topic', 'empty')
  return faults
}

/** What is wrong for an enrolment over the API: it needs a name and a unit, and the site knows its own broker. */
export function enrolmentFaults(draft: Draft): Faults {
  const faults = new Map(faultsOf(draft))
  faults.delete('broker')
  if (draft.unit === '') faults.set('unit', 'empty')
  if (draft.nameEn.trim() === '' && draft.nameZh.trim() === '') faults.set('nameEn', 'empty')
  return faults
}

/** How the instrument is sensed, as the API and the file have it. */
export const sourceOf = ({ kind, topic }: Draft): Readonly<Record<string, string>> => ({
  kind,
  [fieldOf[kind]]: topic,
  ...(kind === 'modbus-tcp' ? { meter: 'sdm120' } : {}),
})

// A JSON string is a YAML string, whatever it holds.
const quoted = (text: string) => JSON.stringify(text)

/** The gateway's file. */
export function yamlOf(draft: Draft): string {
  const { onStartMw, onStopMw, runStartMw, runStopMw } = draft.thresholds
  const local = needsLocal(draft.kind) ? ['local:', `  url: ${quoted(draft.local)}`] : []
  return [
    `site: ${quoted(draft.site)}`,
    `gateway: ${quoted(draft.gateway)}`,
    'broker:',
    `  url: ${quoted(draft.broker)}`,
    ...local,
    'instruments:',
    `  - id: ${quoted(draft.instrument)}`,
    '    source:',
    ...Object.entries(sourceOf(draft)).map(([name, value]) => `      ${name}: ${quoted(value)}`),
    '    thresholds:',
    `      onStartMw: ${onStartMw}`,
    `      onStopMw: ${onStopMw}`,
    `      runStartMw: ${runStartMw}`,
    `      runStopMw: ${runStopMw}`,
    `    dwellMs: ${draft.dwellS * 1_000}`,
    '',
  ].join('\n')
}
