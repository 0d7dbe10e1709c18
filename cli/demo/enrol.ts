import { createHash } from 'node:crypto'
import { type Fleet, settingsOf } from '@hours/firmware-sim'
import type { Ingest } from '@hours/ingest'
import type { GatewayId, RecordBody, RecordKind, SiteId } from '@hours/protocol'
import { assetsOf } from './assets.ts'

/** One record to be: what `Ingest.recordAll` takes. */
type Item = Parameters<Ingest['recordAll']>[0][number]

const item = <K extends RecordKind>(kind: K, stream: string, body: RecordBody<K>): Item =>
  ({ kind, stream, body }) as Item

/** Public half of a gateway's page key. */
export interface GatewayKey {
  readonly gateway: GatewayId
  readonly publicKey: Uint8Array
}

/**
 * Every record that admits a fleet: its organisations, and for each gateway key, epoch 0, configuration, for each
 * instrument an enrolment (records.md, section 3), all in force from `from`.
 */
export function enrolmentRecords(
  fleet: Fleet,
  keys: readonly GatewayKey[],
  { from, sampleMs }: { from: number; sampleMs: number },
): Item[] {
  const organisations = fleet.organisations.map((body) =>
    item('organisation', 'installation', { ...body, from: from - 1 }),
  )
  const gateways = keys.flatMap(({ gateway, publicKey }) => {
    const own = fleet.instruments.filter((one) => one.gateway === gateway)
    const site = own[0]?.site as SiteId
    return [
      item('key', 'installation', {
        holder: gateway,
        n: 1,
        alg: 'Ed25519',
        public: Buffer.from(publicKey).toString('base64url'),
        from,
      }),
      item('epoch', 'installation', { gateway, epoch: 0, reason: 'first enrolment' }),
      ...own.map((one) =>
        item('enrolment', site, {
          instrument: one.id,
          gateway,
          unit: one.unit,
          from,
          names: one.names,
          class: one.kind.class,
          kind: one.kind.id,
          alwaysOn: one.kind.alwaysOn,
          exclusive: one.kind.id !== 'compute',
          valueFen: one.kind.valueYuan * 100,
          prepMs: one.kind.prepMs,
          postMs: one.kind.postMs,
          ...assetsOf(one, from),
        }),
      ),
      item('config', site, {
        gateway,
        revision: 1,
        instruments: own.map((one) => settingsOf(one, sampleMs)),
      }),
    ]
  })
  const schedules = [...new Set(fleet.instruments.map((one) => one.site))].map((site) =>
    item('schedule', site, {
      instrument: '*',
      weekly: Object.fromEntries(['1', '2', '3', '4', '5'].map((day) => [day, [['08:00', '20:00']]])),
      exceptions: {},
      from: from - 1,
    }),
  )
  return [...organisations, ...gateways, ...schedules]
}

/** A password that the demo need not keep anywhere: derived from the gateway's private key. */
export const demoPassword = (privatePem: string | Buffer): string =>
  createHash('sha256').update('demo broker password').update(privatePem).digest('base64url')
