import type { PinnedKeys } from './given-identity.ts'
import type { InstrumentSettings } from './instrument-settings.ts'

/** What a gateway's file is written from; paths as they are typed on the device. */
export interface GatewayFileParts {
  readonly site: string
  readonly gateway: string
  /** Folder of keys, certificates and spool. */
  readonly data: string
  readonly brokerUrl: string
  /** The plugs' own broker; left out where no source is heard on one. */
  readonly local: string
  readonly trust: PinnedKeys
  readonly instruments: readonly InstrumentSettings[]
}

/** As `hours gateway enrol` writes them into the data folder. */
const identity = { cert: 'tls.pem', key: 'tls.key', ca: 'ca.pem' }

/** A gateway's YAML (`GatewayConfig`) as text: what the site knows of it, ready to be put on the device. */
export function gatewayFile(parts: GatewayFileParts): string {
  const { site, gateway, data, brokerUrl, local, trust, instruments } = parts
  return [
    `site: ${flow(site)}`,
    `gateway: ${flow(gateway)}`,
    `data: ${flow(data)}`,
    'broker:',
    `  url: ${flow(brokerUrl)}`,
    ...Object.entries(identity).map(([name, file]) => `  ${name}: ${flow(`${data}/${file}`)}`),
    ...(instruments.length === 0 || instruments.some(isHeard) ? ['local:', `  url: ${flow(local)}`] : []),
    '# Whom receipts and configurations are checked against.',
    'trust:',
    ...Object.entries(trust).map(([name, keys]) => `  ${name}: ${flow(keys)}`),
    'instruments:',
    ...instruments.flatMap((one) =>
      Object.entries(one)
        .filter(([, value]) => value !== undefined)
        .map(([name, value], i) => `${i === 0 ? '  - ' : '    '}${name}: ${flow(value)}`),
    ),
    '',
  ].join('\n')
}

/** JSON is YAML, whatever it holds. */
const flow = (value: unknown) => JSON.stringify(value)

/** Heard on a broker of the plugs, where others are asked. */
const isHeard = ({ source, others = [] }: InstrumentSettings): boolean =>
  [source, ...others].some((one) => 'topic' in one || one.kind === 'sparkplug')
