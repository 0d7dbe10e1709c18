import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isHarmlessReceiptCode, parseVkey, signRecord, verifyReceipt, type Signer } from '@hours/ledger'
import { createSigner, generateKey, nodeCrypto } from '@hours/ledger/node'
import {
  createManualClock,
  encodePage,
  type GatewayId,
  type InstrumentId,
  type InstrumentKey,
  Page,
  type PageSpan,
  type SiteId,
} from '@hours/protocol'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createIngest } from './ingest.ts'
import type { RunningIngest } from './running-ingest.ts'

const start = Date.UTC(2026, 0, 5)
const site = 'gz-gibh' as SiteId
const gateway = 'gw-1' as GatewayId
const key = 'gz-gibh/sem-01' as InstrumentKey
const topic = `hours/1/${site}/${gateway}/page`

let dataDir: string
let clock = createManualClock(start)
let ingest: RunningIngest
let signer: Signer

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'ingest-'))
  clock = createManualClock(start)
  signer = createSigner('gw-1#1', generateKey())
  ingest = await open()
  await enrol()
})
afterEach(async () => {
  await ingest.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const open = () =>
  createIngest({ dataDir, clock, log: pino({ level: 'silent' }), logName: 'demo.test', simulated: true })

async function enrol() {
  await ingest.recordAll([
    {
      kind: 'organisation',
      stream: 'installation',
      body: {
        id: 'gibh' as never,
        parent: null,
        kind: 'entity',
        names: { en: 'GIBH' },
        zone: 'Asia/Shanghai',
        from: start - 1,
      },
    },
    {
      kind: 'key',
      stream: 'installation',
      body: {
        holder: 'gw-1',
        n: 1,
        alg: 'Ed25519',
        public: Buffer.from(signer.publicKey).toString('base64url'),
        from: start,
      },
    },
    { kind: 'epoch', stream: 'installation', body: { gateway, epoch: 0, reason: 'first' } },
    {
      kind: 'enrolment',
      stream: site,
      body: {
        instrument: 'sem-01' as InstrumentId,
        gateway,
        unit: 'gibh' as never,
        from: start,
        names: {},
        class: 'general',
        alwaysOn: false,
        exclusive: true,
        prepMs: 0,
        postMs: 0,
      },
    },
  ])
}

const pageMs = 300_000
let prev: string | null = null
function pageBytes(
  seq: number,
  spans: PageSpan[] = [['run', 0, pageMs]],
  change: Partial<Page> = {},
): Uint8Array {
  const total = (seq + 1) * pageMs
  const page = Page.parse({
    v: 1,
    site,
    gateway,
    epoch: 0,
    seq,
    prev: seq === 0 ? null : prev,
    from: start + seq * pageMs,
    to: start + (seq + 1) * pageMs,
    boot: 1,
    mono: [seq * pageMs, total],
    clock: { source: 'sim', offsetMs: 0, errorMs: 10, steppedMs: 0 },
    seen: null,
    spool: { pages: 0, oldest: null, dropped: 0 },
    software: '1',
    config: { revision: 1, sha256: '' },
    instruments: [{ id: 'sem-01', spans, onMs: total, runMs: total, mwh: 0, samples: 1, rejected: 0 }],
    ...change,
  })
  const bytes = signRecord({ kind: 'page', payload: encodePage(page), signer })
  prev = Buffer.from(nodeCrypto.sha256(bytes)).toString('base64url')
  return bytes
}

it('a page becomes hours, and its receipt is a proof that holds', async () => {
  const receipts: Uint8Array[] = []
  ingest.attach(async (_topic, payload) => void receipts.push(payload as Uint8Array))
  const bytes = pageBytes(0)
  clock.advanceTo(start + pageMs + 90_000)
  await ingest.commit({ topic, payload: bytes, client: gateway })
  await ingest.settled()
  await vi.waitFor(() => expect(receipts.length).toBeGreaterThan(0))
  const vkey = parseVkey(ingest.log.vkey(), nodeCrypto.sha256)
  if (!vkey.ok) throw new Error(vkey.error.message)
  const { kid, publicKey } = ingest.keys.service
  const verified = verifyReceipt(receipts[0]!, {
    crypto: nodeCrypto,
    gateway,
    logs: [vkey.value],
    service: [{ kid, alg: 'Ed25519', publicKey }],
    seen: [],
    pageBytes: () => bytes,
  })
  if (!verified.ok) expect(isHarmlessReceiptCode(verified.error.code)).toBe(true)
  expect(verified).toMatchObject({ ok: true, value: { released: [0], through: 0, missing: [] } })
  const [day] = ingest.index.days([key], start, start + pageMs)
  expect(day).toMatchObject({
    date: '2026-01-05',
    states: { run: pageMs, off: 0, unknown: 0 },
    live: pageMs,
    late: 0,
  })
})

it('what was enrolled and logged is there after a restart', async () => {
  clock.advanceTo(start + 4 * pageMs)
  for (const seq of [0, 1, 2]) await ingest.commit({ topic, payload: pageBytes(seq) })
  await ingest.settled()
  const before = ingest.index.days([key], start, start + 3 * pageMs)
  const size = ingest.log.size()
  await ingest.close()
  ingest = await open()
  expect(ingest.log.size()).toBe(size)
  expect(ingest.index.days([key], start, start + 3 * pageMs)).toEqual(before)
  await ingest.commit({ topic, payload: pageBytes(3, [['run', 0, pageMs]]) })
  await ingest.settled()
  expect(ingest.index.gatewayCounts(gateway)).toMatchObject({ through: 3, missing: 0, received: 4 })
})
