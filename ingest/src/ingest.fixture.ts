import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatBase64url, recordDigest, type Signer, signRecord } from '@hours/ledger'
import { nodeCrypto, signerFromSeed } from '@hours/ledger/node'
import {
  type Clock,
  createManualClock,
  encodePage,
  type GatewayId,
  type InstrumentId,
  type ManualClock,
  type OrganisationId,
  Page,
  pageGrowth,
  pageTopic,
  type PageSpan,
  type Seen,
  type SiteId,
} from '@hours/protocol'
import { pino } from 'pino'
import { createIngest } from './ingest.ts'
import type { RunningIngest } from './running-ingest.ts'
import { recordItem, type RecordItem } from './write-records.ts'

/** For tests: Monday, 2026-01-05T00:00:00+08:00. */
export const start = Date.UTC(2026, 0, 4, 16)
export const site = 'gz-gibh' as SiteId
export const pageMs = 300_000
/** Spans of a page that ran throughout. */
export const run: PageSpan[] = [['run', 0, pageMs]]

export const freshFolder = (): string => mkdtempSync(join(tmpdir(), 'hours-ingest-'))

export const openIngest = (dataDir: string, clock: Clock): Promise<RunningIngest> =>
  createIngest({ dataDir, clock, log: pino({ level: 'silent' }), logName: 'demo.test', simulated: true })

/** An organisation in Shanghai's zone that all instruments of the tests belong to. */
export const unitRecord = (): RecordItem =>
  recordItem('organisation', 'installation', {
    id: 'gibh' as OrganisationId,
    parent: null,
    kind: 'entity',
    names: { en: 'GIBH' },
    zone: 'Asia/Shanghai',
    from: start - 1,
  })

/** Admits `instrument` to `gateway` from `from` on. */
export const enrolmentRecord = (gateway: string, instrument: string, from = start, to?: number): RecordItem =>
  recordItem('enrolment', site, {
    instrument: instrument as InstrumentId,
    gateway: gateway as GatewayId,
    unit: 'gibh',
    from,
    ...(to === undefined ? {} : { to }),
    names: { en: instrument },
  })

/** A gateway that makes pages by hand: chained, signed, with counters that fit unless told otherwise. */
export interface TestGateway {
  readonly id: GatewayId
  readonly topic: string
  readonly signer: Signer
  /** Its key, and epoch 0. */
  records(): RecordItem[]
  /** The next page: spans of each instrument, ms after the page's begin. */
  page(spans: Record<string, PageSpan[]>, change?: Partial<Page>): Uint8Array
  /** Lets time pass that no page accounts for; `on` ms of it the instruments were on. */
  skip(ms: number, on?: Record<string, number>): void
  /** Goes back to the state before the last page: the next one contradicts it. */
  rewind(): void
  sign(page: unknown): Uint8Array
  seen: Seen | null
  epoch(n: number): void
  /** Where the next page begins. */
  at(): number
}

export function createTestGateway(id: string, from = start): TestGateway {
  const gateway = id as GatewayId
  const seed = nodeCrypto.sha256(new TextEncoder().encode(id))
  const signer = signerFromSeed(seed, `${id}#1`)
  let now = {
    at: from,
    seq: 0,
    epoch: 0,
    prev: null as string | null,
    counters: new Map<string, [number, number]>(),
  }
  let before = now
  const sign = (page: unknown) => signRecord({ kind: 'page', payload: encodePage(page as Page), signer })

  return {
    id: gateway,
    topic: pageTopic(site, gateway),
    signer,
    seen: null,
    records: () => [
      recordItem('key', 'installation', {
        holder: id,
        n: 1,
        alg: 'Ed25519',
        public: formatBase64url(signer.publicKey),
        from: start,
      }),
      recordItem('epoch', 'installation', { gateway: id, epoch: 0, reason: 'first' }),
    ],
    page(spans, change = {}) {
      before = now
      const counters = new Map(now.counters)
      const instruments = Object.entries(spans).map(([name, list]) => {
        const grown = pageGrowth(list)
        const [on, run] = counters.get(name) ?? [0, 0]
        counters.set(name, [on + grown.onMs, run + grown.runMs])
        return {
          id: name,
          spans: list,
          onMs: on + grown.onMs,
          runMs: run + grown.runMs,
          mwh: 0,
          samples: 30,
          rejected: 0,
        }
      })
      const page = Page.parse({
        v: 1,
        site,
        gateway,
        epoch: now.epoch,
        seq: now.seq,
        prev: now.prev,
        from: now.at,
        to: now.at + pageMs,
        boot: 1,
        mono: [now.at - from + 1_000, now.at - from + 1_000 + pageMs],
        clock: { source: 'sim', offsetMs: 0, errorMs: 10, steppedMs: 0 },
        seen: this.seen,
        spool: { pages: 0, oldest: null, dropped: 0 },
        software: 'test',
        config: { revision: 0, sha256: '' },
        instruments,
        ...change,
      })
      const bytes = sign(page)
      now = { ...now, at: page.to, seq: page.seq + 1, prev: recordDigest(bytes, nodeCrypto.sha256), counters }
      return bytes
    },
    skip(ms, on = {}) {
      const counters = new Map(now.counters)
      for (const [name, more] of Object.entries(on)) {
        const [a, b] = counters.get(name) ?? [0, 0]
        counters.set(name, [a + more, b])
      }
      now = { ...now, at: now.at + ms, counters }
    },
    rewind() {
      now = before
    },
    sign,
    at: () => now.at,
    epoch(n) {
      now = { ...now, epoch: n, seq: 0, prev: null }
    },
  }
}

/** Ingest in a folder of its own with `sem-01` of `gw-1` enrolled at `start`, nothing measured yet. */
export interface TestSite {
  readonly dataDir: string
  readonly clock: ManualClock
  readonly gateway: TestGateway
  readonly ingest: RunningIngest
}

export async function openTestSite(dataDir = freshFolder()): Promise<TestSite> {
  const clock = createManualClock(start)
  const gateway = createTestGateway('gw-1')
  const ingest = await openIngest(dataDir, clock)
  await ingest.recordAll([unitRecord(), ...gateway.records(), enrolmentRecord('gw-1', 'sem-01')])
  return { dataDir, clock, gateway, ingest }
}

/** `ingest` as it is now: tests open it again. */
export async function closeTestSite({
  dataDir,
  ingest,
}: Pick<TestSite, 'dataDir' | 'ingest'>): Promise<void> {
  await ingest.close()
  rmSync(dataDir, { recursive: true, force: true })
}
