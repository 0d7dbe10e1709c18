import { recordDigest, type Signer, signRecord } from '@hours/ledger'
import { nodeCrypto, signerFromSeed } from '@hours/ledger/node'
import {
  encodePage,
  GatewayId,
  InstrumentId,
  MINUTE,
  OrganisationId,
  pageTopic,
  type Page,
  SiteId,
} from '@hours/protocol'
import type { LoadMessage } from './mqtt-load.ts'

export const site = SiteId.parse('bench')
export const gatewayPassword = 'bench'
const unit = OrganisationId.parse('bench-unit')
/** Pages of the last days, so that none ends in the future. */
export const firstPage = Math.floor((Date.now() - 40 * 24 * 60 * MINUTE) / (5 * MINUTE)) * 5 * MINUTE

export interface BenchGateway {
  readonly gateway: GatewayId
  readonly signer: Signer
  readonly instruments: readonly InstrumentId[]
}

export function benchFleet(gateways: number, perGateway: number): BenchGateway[] {
  return Array.from({ length: gateways }, (_, g) => {
    const gateway = GatewayId.parse(`gw-${String(g).padStart(4, '0')}`)
    const seed = new Uint8Array(32).fill(7)
    new DataView(seed.buffer).setUint32(0, g)
    return {
      gateway,
      signer: signerFromSeed(seed, `${gateway}#1`),
      instruments: Array.from({ length: perGateway }, (_, i) => InstrumentId.parse(`i-${g}-${i}`)),
    }
  })
}

/** Everything that admits the fleet. */
export function fleetRecords(fleet: readonly BenchGateway[]) {
  const from = firstPage - MINUTE
  return [
    {
      kind: 'organisation' as const,
      stream: 'installation',
      body: { id: unit, parent: null, kind: 'entity' as const, names: {}, zone: 'Asia/Shanghai', from },
    },
    ...fleet.flatMap(({ gateway, signer, instruments }) => [
      {
        kind: 'key' as const,
        stream: 'installation',
        body: {
          holder: gateway,
          n: 1,
          alg: 'Ed25519' as const,
          public: Buffer.from(signer.publicKey).toString('base64url'),
          from,
        },
      },
      { kind: 'epoch' as const, stream: 'installation', body: { gateway, epoch: 0, reason: 'bench' } },
      ...instruments.map((instrument) => ({
        kind: 'enrolment' as const,
        stream: site,
        body: {
          instrument,
          gateway,
          unit,
          from,
          names: {},
          class: 'general' as const,
          alwaysOn: false,
          exclusive: true,
          prepMs: 0,
          postMs: 0,
        },
      })),
    ]),
  ]
}

/** `count` chained pages of one gateway, signed beforehand: signing is the gateway's cost, not the server's. */
export function signedPages({ gateway, signer, instruments }: BenchGateway, count: number): LoadMessage[] {
  let prev: string | null = null
  return Array.from({ length: count }, (_, seq) => {
    const from = firstPage + seq * 5 * MINUTE
    const page: Page = {
      v: 1,
      site,
      gateway,
      epoch: 0,
      seq,
      prev,
      from,
      to: from + 5 * MINUTE,
      boot: 1,
      mono: [seq * 5 * MINUTE, (seq + 1) * 5 * MINUTE],
      clock: { source: 'ntp', offsetMs: 1, errorMs: 10, steppedMs: 0 },
      seen: null,
      spool: { pages: 0, oldest: null, dropped: 0 },
      software: 'bench',
      config: { revision: 1, sha256: '' },
      instruments: instruments.map((id) => ({
        id,
        spans: [
          ['run', 0, 182_000],
          ['standby', 182_000, 300_000],
        ],
        onMs: (seq + 1) * 300_000,
        runMs: (seq + 1) * 182_000,
        mwh: (seq + 1) * 75_000,
        mw: [310_000, 905_000, 1_420_000],
        samples: 300,
        rejected: 0,
      })),
    }
    const payload = signRecord({ kind: 'page', payload: encodePage(page), signer })
    prev = recordDigest(payload, nodeCrypto.sha256)
    return { topic: pageTopic(site, gateway), payload }
  })
}
