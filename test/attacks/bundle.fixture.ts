import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIngest, recordItem, type RunningIngest, type Witness, writeBundle } from '@hours/ingest'
import {
  createVkey,
  type Crypto,
  formatVkey,
  noteType,
  parsePolicy,
  parseRecord,
  parseVkey,
  type Policy,
  type Signer,
  signRecord,
} from '@hours/ledger'
import { nodeCrypto, signerFromSeed } from '@hours/ledger/node'
import {
  createManualClock,
  DAY,
  decodeReportStatement,
  HOUR,
  maxStatementBytes,
  type PageSpan,
  type ReportStatement,
  type RecordKind,
} from '@hours/protocol'
import {
  bundleOf,
  type BundleVerdict,
  createWitness,
  type Problems,
  serveWitness,
  verifyBundleFiles,
} from '@hours/verifier'
import { pino } from 'pino'
import {
  createTestGateway,
  enrolmentRecord,
  pageMs,
  site,
  start,
  type TestGateway,
  unitRecord,
} from '../../ingest/src/ingest.fixture.ts'

const { sha256 } = nodeCrypto
export const period = '2026-01-05'
export const instrument = `${site}/sem-01`

/** A site with a witness of its regulator's, a day that is over, and its bundle in memory. */
export interface ReportedSite {
  readonly ingest: RunningIngest
  readonly gateway: TestGateway
  readonly dataDir: string
  /** The regulator's own: his witness, and the log. */
  readonly policy: string
  /** Files of a bundle of `scope`, by name. */
  report(
    scope?: string,
    of?: string,
    how?: { close?: boolean; ruleset?: string },
  ): Promise<Map<string, Buffer>>
  /** The next page of the gateway, as it comes in. */
  page(spans: PageSpan[], change?: Parameters<TestGateway['page']>[1]): Promise<Uint8Array>
  record(kind: RecordKind, stream: string, body: object): Promise<void>
  /** Closes the ingest alone. */
  stop(): Promise<void>
  close(): Promise<void>
}

/** 24 pages: sem-01 runs in half of them, its neighbour nmr-01 stands by; two sessions, a stranger's session, a charge. */
export async function reportedSite({
  logName = 'test.hours',
  simulated = false,
} = {}): Promise<ReportedSite> {
  const folder = mkdtempSync(join(tmpdir(), 'hours-attacks-'))
  const clock = createManualClock(start)
  const open = (witnesses: readonly Witness[]) =>
    createIngest({
      ...{ dataDir: join(folder, 'site'), clock, log: pino({ level: 'silent' }) },
      ...{ logName, simulated, witnesses },
    })
  const first = await open([])
  const logKey = first.log.vkey()
  await first.close()
  const vkey = parseVkey(logKey, sha256)
  if (!vkey.ok) throw new Error(vkey.error.message)
  const signer = signerFromSeed(sha256(new TextEncoder().encode('regulator')), 'witness#1')
  const name = 'regulator.example/w1'
  const key = createVkey(name, noteType.cosignature, signer.publicKey, sha256)
  const watching = await serveWitness(
    createWitness({ dir: join(folder, 'witness'), name, signer, logs: [vkey.value], clock }),
    { host: '127.0.0.1', port: 0 },
  )
  const ingest = await open([{ name: 'w', key, url: `http://127.0.0.1:${watching.port}` }])
  const gateway = createTestGateway('gw-1')
  const session = { instrument: 'sem-01', user: 'u-1', actor: 'a' }
  const enrolled = await ingest.recordAll([
    unitRecord(),
    recordItem('organisation', 'installation', {
      ...{ id: 'acme', parent: null, kind: 'entity', names: { en: 'Acme' }, from: start - 1 },
    }),
    ...gateway.records(),
    enrolmentRecord('gw-1', 'sem-01'),
    enrolmentRecord('gw-1', 'nmr-01'),
    recordItem('config', site, { gateway: 'gw-1', revision: 1, instruments: [] }),
  ])
  const config = { revision: 1, sha256: enrolled.at(-1)?.hash ?? '' }
  await ingest.recordAll([
    recordItem('session', site, {
      ...session,
      ...{ id: 's1', from: start, to: start + HOUR / 2, beneficiary: 'acme', purpose: 'service', samples: 3 },
    }),
    recordItem('session', site, {
      ...session,
      ...{ id: 's2', from: start + HOUR / 2, to: start + HOUR, beneficiary: 'gibh', purpose: 'research' },
    }),
    recordItem('session', site, {
      ...session,
      ...{
        id: 's3',
        instrument: 'nmr-01',
        from: start,
        to: start + HOUR,
        beneficiary: 'acme',
        purpose: 'service',
      },
    }),
    recordItem('charge', site, {
      ...{ id: 'c1', instrument: 'sem-01', session: 's1', at: start + HOUR, fen: 12_300, actor: 'a' },
    }),
  ])

  async function page(
    spans: PageSpan[],
    change: Parameters<TestGateway['page']>[1] = {},
  ): Promise<Uint8Array> {
    const size = ingest.log.size()
    gateway.seen = { origin: ingest.log.origin(2026), size, root: ingest.log.root() }
    const bytes = gateway.page({ 'sem-01': spans, 'nmr-01': [['standby', 0, pageMs]] }, { config, ...change })
    clock.advanceTo(Math.max(clock.wall(), gateway.at() + 70_000))
    await ingest.commit({ client: gateway.id, topic: gateway.topic, payload: bytes })
    await ingest.settled()
    return bytes
  }
  for (let i = 0; i < 24; i++) await page([[i < 12 ? 'run' : 'standby', 0, pageMs]])
  clock.advanceTo(start + DAY + 2 * HOUR)
  await ingest.settled()

  let reports = 0
  let isOpen = true
  return {
    ...{ ingest, gateway, page, dataDir: join(folder, 'site') },
    policy: [`log ${logKey}`, `witness w ${formatVkey(key)}`, 'quorum w', ''].join('\n'),
    async report(scope = 'all', of = period, how = {}) {
      const out = join(folder, `report-${reports++}`)
      await writeBundle(ingest, { scope, period: of, out, ...how, software: 'test' })
      const names = readdirSync(out, { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile())
        .map((one) => join(one.parentPath, one.name).slice(out.length + 1))
      return new Map(names.map((one) => [one, readFileSync(join(out, one))]))
    },
    async record(kind, stream, body) {
      await ingest.recordAll([recordItem(kind, stream, body)])
      await ingest.settled()
    },
    async stop() {
      await ingest.close()
      isOpen = false
    },
    async close() {
      if (isOpen) await ingest.close()
      await watching.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** What the regulator's verifier says of these files, by his own policy. */
export function verdictOf(
  files: ReadonlyMap<string, Buffer>,
  policyText: string,
  { crypto = nodeCrypto, problems }: { crypto?: Crypto; problems?: Problems } = {},
): BundleVerdict {
  const policy = parsePolicy(policyText, sha256)
  if (!policy.ok) throw new Error(policy.error.message)
  return verifyBundleFiles(inMemory(files), { policy: policy.value satisfies Policy, crypto }, problems)
}

/** The same crypto, which knows what it has said of a signature before: thousands of bundles differ by a few bytes each. */
export function createRemembering(): Crypto {
  const said = new Map<string, boolean>()
  return {
    sha256,
    verify(alg, publicKey, message, signature) {
      const key = `${alg} ${[publicKey, signature, message].map((bytes) => Buffer.from(bytes).toString('latin1')).join(' ')}`
      const before = said.get(key)
      if (before !== undefined) return before
      const isGood = nodeCrypto.verify(alg, publicKey, message, signature)
      said.set(key, isGood)
      return isGood
    },
  }
}

export const inMemory = (files: ReadonlyMap<string, Buffer>) =>
  bundleOf({
    sizes: new Map([...files].map(([name, { length }]) => [name, length])),
    readAt(name, into, at) {
      const bytes = files.get(name) ?? Buffer.alloc(0)
      return bytes.copy(into, 0, at, Math.min(bytes.length, at + into.length))
    },
    close: () => undefined,
  })

export const codesOf = ({ problems }: BundleVerdict): string[] => [
  ...new Set(problems.map(({ code }) => code)),
]

/** What the holder of the report key can do: sign any statement over any files. */
export function signedAgain(
  files: ReadonlyMap<string, Buffer>,
  signer: Signer,
  change: (predicate: ReportStatement['predicate']) => ReportStatement['predicate'] = (same) => same,
): Map<string, Buffer> {
  const statement = statementOf(files)
  const subject = [...files]
    .filter(([name]) => name !== 'statement.jws')
    .map(([name, bytes]) => ({ name, digest: { sha256: createHash('sha256').update(bytes).digest('hex') } }))
  const payload = JSON.stringify({ ...statement, subject, predicate: change(statement.predicate) })
  const bytes = signRecord({ kind: 'statement', payload, signer, maxBytes: maxStatementBytes })
  return new Map([...files, ['statement.jws', Buffer.from(bytes)]])
}

export function statementOf(files: ReadonlyMap<string, Buffer>): ReportStatement {
  const signed = parseRecord(files.get('statement.jws') ?? Buffer.alloc(0), maxStatementBytes)
  const statement = signed.ok ? decodeReportStatement(signed.value.payload) : signed
  if (!statement.ok) throw new Error(statement.error.message)
  return statement.value
}

/** The same files with one of them changed, line by line. */
export function withLines(
  files: ReadonlyMap<string, Buffer>,
  name: string,
  change: (lines: string[]) => string[],
): Map<string, Buffer> {
  const lines = (files.get(name)?.toString() ?? '').split('\n').slice(0, -1)
  return new Map([
    ...files,
    [
      name,
      Buffer.from(
        change(lines)
          .map((line) => `${line}\n`)
          .join(''),
      ),
    ],
  ])
}
