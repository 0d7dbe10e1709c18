// What it costs to check a gateway's year offline: node bench/verify.ts <minutes a page> [days]. Loopback is not even needed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIngest, type RunningIngest, writeBundle } from '@hours/ingest'
import { parseRecord, recordDigest, signRecord, verifyRecord } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  createManualClock,
  DAY,
  encodePage,
  HOUR,
  MINUTE,
  type ManualClock,
  type Page,
} from '@hours/protocol'
import { pino } from 'pino'
import { printFigure } from './figure.ts'
import { benchFleet, type BenchGateway, fleetRecords, site } from './fleet.ts'

/** 2025 in Asia/Shanghai. */
const start = Date.UTC(2024, 11, 31, 16)

async function benchVerify(minutes: number, days: number): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'hours-bench-verify-'))
  try {
    const clock = createManualClock(start)
    const ingest = await createIngest({
      ...{ dataDir: join(dir, 'site'), clock, log: pino({ level: 'silent' }) },
      ...{ logName: 'demo.bench', simulated: true },
    })
    const [gateway] = benchFleet(1, 4)
    if (!gateway) throw new Error('no gateway')
    const records = fleetRecords([gateway]).map((one) => ({
      ...one,
      body: { ...one.body, ...datesOf(one.body) },
    }))
    await ingest.recordAll(records as Parameters<typeof ingest.recordAll>[0])
    console.log(`making ${days} days of pages of ${minutes} min, 4 instruments, through the real ingest ...`)
    const one = await fillYear(ingest, clock, { gateway, minutes, days })
    clock.advanceTo(start + (days + 1) * DAY)
    await ingest.settled()
    const out = join(dir, 'bundle')
    const end = new Date(start + days * DAY + 8 * HOUR).toISOString().slice(0, 10)
    const began = performance.now()
    const { pages } = await writeBundle(ingest, {
      ...{ scope: 'all', period: `2025-01-01..${end}`, out, software: 'bench' },
    })
    const wrote = (performance.now() - began) / 1_000
    await ingest.close()
    const log = sizeOf(join(dir, 'site', 'log'))
    printFigure('bundleWriteSeconds', wrote, `${pages} pages`)
    printFigure(
      `logMbPerGatewayYear${minutes}`,
      (log / 1e6) * (365 / days),
      `${(log / pages).toFixed(0)} bytes a page`,
    )
    const signatures = linesIn(out)
    const own = (signatureMs(one) * signatures) / 1_000
    // The second start, which the compile cache has something for; as `hours verify` by run.mjs.
    const cache = join(dir, 'cache')
    checkBundle(out, cache)
    const found = checkBundle(out, cache)
    if (!found.ok) throw new Error(`the bundle does not hold: ${JSON.stringify(found)}`)
    const isIn = printFigure(
      'verifyOverSignatures',
      found.seconds / own,
      `${pages} pages and ${signatures - pages} records in ${found.seconds.toFixed(1)} s; their signatures alone ${own.toFixed(1)} s; ${found.cells} cells equal`,
    )
    // What a busy machine changes little: both cores work, so that 2.5 times is what the target above leaves room for.
    printFigure('verifyCpuOverSignatures', found.cpuSeconds / own, `${found.cpuSeconds.toFixed(1)} s of CPU`)
    return printFigure('verifyPeakMb', found.peakMb) && isIn
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Every line of a report is signed, by a gateway, the operator or the service, and each signature is checked. */
const linesIn = (out: string): number =>
  readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && one.name.endsWith('.jwsl'))
    .reduce(
      (sum, one) => sum + readFileSync(join(one.parentPath, one.name), 'latin1').split('\n').length - 1,
      0,
    )

interface Checked {
  readonly ok: boolean
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMb: number
  readonly cells: number
}

function checkBundle(out: string, cache: string): Checked {
  const child = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'verify-child.ts'), out],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: cache },
    },
  )
  return JSON.parse(child.stdout) as Checked
}

const datesOf = (body: object) => ('from' in body ? { from: start - MINUTE } : {})

/** Pages an hour at a time, as they would come in; returns the last one. */
async function fillYear(
  ingest: RunningIngest,
  clock: ManualClock,
  {
    gateway,
    minutes,
    days,
  }: { readonly gateway: BenchGateway; readonly minutes: number; readonly days: number },
): Promise<Uint8Array> {
  let prev: string | null = null
  let bytes: Uint8Array = new Uint8Array()
  const total = Math.round((days * DAY) / (minutes * MINUTE))
  const perHour = Math.round(60 / minutes)
  for (let seq = 0; seq < total; ) {
    const size = ingest.log.size()
    const seen = {
      origin: ingest.log.origin(new Date(clock.wall()).getUTCFullYear()),
      size,
      root: ingest.log.root(),
    }
    const batch: Uint8Array[] = []
    for (const stop = Math.min(total, seq + perHour); seq < stop; seq++) {
      bytes = pageOf(gateway, { seq, prev, minutes, seen })
      prev = recordDigest(bytes, nodeCrypto.sha256)
      batch.push(bytes)
    }
    clock.advanceTo(start + seq * minutes * MINUTE + 2_000)
    await Promise.all(
      batch.map((payload) =>
        ingest.commit({ client: gateway.gateway, topic: `hours/1/${site}/${gateway.gateway}/page`, payload }),
      ),
    )
    if (seq % (perHour * 24 * 30) === 0) console.log(`  ${Math.round((seq / total) * 100)} %`)
  }
  return bytes
}

function pageOf(
  { gateway, signer, instruments }: BenchGateway,
  of: {
    readonly seq: number
    readonly prev: string | null
    readonly minutes: number
    readonly seen: Page['seen']
  },
): Uint8Array {
  const { seq, prev, minutes, seen } = of
  const length = minutes * MINUTE
  const from = start + seq * length
  const run = Math.round(length * 0.6)
  const page: Page = {
    ...{ v: 1, site, gateway, epoch: 0, seq, prev, from, to: from + length, boot: 1, seen },
    mono: [seq * length, (seq + 1) * length],
    clock: { source: 'sim', offsetMs: 1, errorMs: 10, steppedMs: 0 },
    spool: { pages: 0, oldest: null, dropped: 0 },
    ...{ software: 'bench', config: { revision: 1, sha256: '' } },
    instruments: instruments.map((id) => ({
      id,
      spans: [
        ['run', 0, run],
        ['standby', run, length],
      ],
      ...{ onMs: (seq + 1) * length, runMs: (seq + 1) * run, mwh: (seq + 1) * 75_000 },
      ...{ mw: [310_000, 905_000, 1_420_000], samples: 300, rejected: 0 },
    })),
  }
  return signRecord({ kind: 'page', payload: encodePage(page), signer })
}

/** One signature's own cost, ms of a thread that is not kept waiting. */
function signatureMs(bytes: Uint8Array): number {
  const record = parseRecord(bytes)
  const [gateway] = benchFleet(1, 4)
  if (!record.ok || !gateway) throw new Error('no page')
  const key = { alg: 'Ed25519' as const, publicKey: gateway.signer.publicKey }
  const rounds = 4_000
  for (let i = 0; i < 200; i++) verifyRecord(record.value, key, nodeCrypto)
  const before = process.threadCpuUsage()
  for (let i = 0; i < rounds; i++) verifyRecord(record.value, key, nodeCrypto)
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000 / rounds
}

const sizeOf = (dir: string): number =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .reduce((sum, one) => sum + statSync(join(one.parentPath, one.name)).size, 0)

process.exit((await benchVerify(Number(process.argv[2] ?? 15), Number(process.argv[3] ?? 365))) ? 0 : 1)
