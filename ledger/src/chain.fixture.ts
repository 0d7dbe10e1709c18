import { encodePage, Page, type PageSpan } from '@hours/protocol'
import { nodeCrypto, signerFromSeed } from '../node/index.ts'
import type { Signer } from './crypto.ts'
import type { OpenedPage } from './opened-page.ts'
import { recordDigest, signRecord } from './signed-record.ts'

/** For tests: 2026-01-01T00:00:00Z. */
export const start = 1_767_225_600_000
export const pageMs = 300_000

export const gatewaySigner: Signer = signerFromSeed(new Uint8Array(32).fill(3), 'gw-1#1')

/** What a test page differs in from the plain one: gw-1, one instrument that runs all the time. */
export type PageChange = Omit<Partial<Page>, 'instruments' | 'gateway' | 'site'> & {
  readonly gateway?: string
  readonly site?: string
  readonly instrument?: string
  readonly spans?: PageSpan[]
  readonly onMs?: number
  readonly runMs?: number
  readonly mwh?: number
}

/** Page `seq` of a gateway that has run since `start`, 5 min a page; `prev` must be given from seq 1 on. */
export function pageOf(seq: number, change: PageChange = {}): OpenedPage & { readonly bytes: Uint8Array } {
  const { instrument = 'sem-01', spans = [['run', 0, pageMs]], onMs, runMs, mwh, ...rest } = change
  const total = (seq + 1) * pageMs
  const page = Page.parse({
    v: 1,
    site: 'gz-gibh',
    gateway: 'gw-1',
    epoch: 0,
    seq,
    prev: seq === 0 ? null : 'A'.repeat(43),
    from: start + seq * pageMs,
    to: start + (seq + 1) * pageMs,
    boot: 1,
    mono: [seq * pageMs, total],
    clock: { source: 'ntp', offsetMs: 0, errorMs: 10, steppedMs: 0 },
    seen: null,
    spool: { pages: 0, oldest: null, dropped: 0 },
    software: '1.0.0',
    config: { revision: 1, sha256: 'x' },
    ...rest,
    instruments: [
      {
        id: instrument,
        spans,
        onMs: onMs ?? total,
        runMs: runMs ?? onMs ?? total,
        mwh: mwh ?? total,
        samples: 300,
        rejected: 0,
      },
    ],
  })
  const signer = { ...gatewaySigner, kid: `${page.gateway}#1` }
  const bytes = signRecord({ kind: 'page', payload: encodePage(page), signer })
  return { page, bytes, digest: recordDigest(bytes, nodeCrypto.sha256) }
}

/** Pages 0 to `count - 1`, each naming the one before. */
export function pagesOf(count: number, change: (seq: number) => PageChange = () => ({})) {
  const pages: ReturnType<typeof pageOf>[] = []
  for (let seq = 0; seq < count; seq++)
    pages.push(pageOf(seq, { prev: pages.at(-1)?.digest ?? null, ...change(seq) }))
  return pages
}
