import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeAccounts } from '@hours/broker'
import { GatewayError, parseGatewayConfig, parseSegment } from '@hours/gateway'
import {
  decodePowerReport,
  decodeReceipt,
  decodeRecord,
  decodeReportStatement,
  decodeStateEvent,
  decodeStatus,
  parseInstrumentKey,
  parsePasswordHash,
  recordSchemas,
  renewalText,
  systemClock,
} from '@hours/protocol'
import { parsePeriod, readRuleSet } from '@hours/usage'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { newCertificateRequest } from '../../cli/certificate-request.ts'
import { readChrony } from '../../gateway/src/clock-sync.ts'
import { readSntpAnswer, sntpQuestion } from '../../gateway/src/sntp.ts'
import { pageContent } from '../../ingest/src/channels/page-content.ts'
import { renewingGateway } from '../../ingest/src/ca/renewal.ts'
import { openSiteCa, type SiteCa } from '../../ingest/src/ca/site-ca.ts'
import { openRegisters } from '../../ingest/src/access/door.ts'
import { IngestError } from '../../ingest/src/ingest-error.ts'
import { freshFolder } from '../../ingest/src/ingest.fixture.ts'
import { hostileText } from '../../ledger/src/hostile.fixture.ts'
import { placeEntries } from '../../verifier/src/bundle-entries.ts'
import { createProblems } from '../../verifier/src/problem.ts'
import { readRegistry } from '../../ingest/src/setup/read-registry.ts'
import { inMemory } from './bundle.fixture.ts'

/**
 * Every decoder of what comes from outside that has no fuzz of its own beside it (ledger, sensing, import readers and
 * pages have): noise, and good texts with a few pieces changed. A verdict comes back, never another error than its own.
 */
const numRuns = Number(process.env['HOURS_FUZZ_RUNS'] ?? 3_000)
const ofReportRuns = Math.max(10_000, numRuns)
const bytes = (text: string) => new TextEncoder().encode(text)
const now = Date.UTC(2026, 0, 5)
const rulesets = ['univ-sheet', 'cn-national-2026', 'eu-tna'].map((name) =>
  readFileSync(join(import.meta.dirname, `../../usage/src/rulesets/${name}.json`), 'utf8'),
)
const json = JSON.stringify

const status = {
  ...{ v: 1, online: true, at: now, software: '1', config: { revision: 1, sha256: '' } },
  ...{ spool: { pages: 1, oldest: null, dropped: 0 }, seen: { origin: 'o', size: 1, root: 'A'.repeat(43) } },
  instruments: { 'sem-01': ['run', now, 5] },
  counters: { 'sem-01': { from: now, to: now, energy: { ours: 1, theirs: 2 }, on: null } },
  proposals: { 'sem-01': { at: now, reason: 'x', settings: null, differs: false } },
}
const power = {
  ...{ v: 1, from: now, stepMs: 60_000 },
  instruments: [{ id: 'sem-01', mw: [[1, 2, 3], null], mwh: 4 }],
}
const receipt = {
  ...{
    v: 1,
    gateway: 'gw-1',
    epoch: 0,
    through: 3,
    missing: [],
    rejected: [{ seq: 1, code: 'x', reason: 'y' }],
  },
  ...{ checkpoint: 'c', base: 0, consistency: ['AA'], pages: [[0, 1, ['AA']]] },
}
const stated = { of: 'all', coverage: 1, grade: 'A', kpi: 'run', unit: 'ms' }
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'policy', digest: { sha256: 'a'.repeat(64) } }],
  predicateType: 'hours-report/v1',
  predicate: {
    ...{ scope: 'all', period: '2026', zone: 'Asia/Shanghai', at: now, revision: null, edition: 3 },
    ruleset: { id: 'default', version: '1', sha256: 'a'.repeat(64) },
    logs: [{ origin: 'o/2026', size: 2, root: `${'A'.repeat(43)}=` }],
    streams: [{ stream: 'lab', next: 1, last: 'A'.repeat(43) }],
    figures: [{ ...stated, value: 1, lower: 0, upper: 2, denominator: null }],
    ...{ software: '1', simulated: false },
  },
}
const accounts = {
  gateways: [
    { gateway: 'gw-1', site: 'lab', password: `scrypt$16384$8$1$${'a'.repeat(22)}$${'b'.repeat(43)}` },
  ],
  readers: [],
}
const config = `gateway: gw-1
site: lab
data: ./data
broker: {url: mqtts://x:8883, ca: ca.pem}
local: {url: mqtt://127.0.0.1}
instruments:
  - id: sem-01
    source: {kind: tasmota, topic: pow1}
    thresholds: {onStartMw: 40000, onStopMw: 35000, runStartMw: 600000, runStopMw: 550000}
`
const enrolment = {
  ...{
    v: 1,
    stream: 'lab',
    seq: 0,
    prev: null,
    instrument: 'sem-01',
    gateway: 'gw-1',
    unit: 'gibh',
    from: now,
  },
  names: { en: 'x', zh: '扫描' },
}
const session = {
  ...{
    v: 1,
    stream: 'lab',
    seq: 1,
    prev: 'A'.repeat(43),
    id: 's',
    instrument: 'sem-01',
    from: now,
    to: now + 1,
  },
  ...{ beneficiary: 'gibh', user: 'p-unknown', purpose: 'research', actor: 'a' },
}
const registry = 'id,parent,kind,name_en,from\ngibh,,entity,GIBH,2020-01-01\n'
const listing = { kind: 'json', listing: { items: 'a.b', required: ['name'] } } as never

const pieces = ['"', '{', '}', '[', ']', ',', ':', '\n', '\0', '-', '1e400', '9'.repeat(30), '__proto__']
const put = [...pieces, '\\u0000', '🧪', '&a *a', '../', '$']
/** Noise, any JSON, and samples with pieces cut out and put in. */
const hostile = (...samples: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
    { weight: 6, arbitrary: hostileText(samples, { edits: 4, put }) },
  )

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Yes with a value, no with a reason that names no file of ours, or, of plain readers, nothing. */
function expectVerdict(found: unknown): void {
  if (found === undefined) return
  expect(typeof found).toBe('object')
  if (typeof found !== 'object' || found === null || !('ok' in found) || found.ok === true) return
  const { error } = found as unknown as { error: { code: string; message: string } }
  expect([typeof error.code, typeof error.message]).toEqual(['string', 'string'])
  expect(error.message).not.toMatch(/\.ts:\d/)
}

const decoders: readonly [name: string, samples: readonly string[], decode: (text: string) => unknown][] = [
  ['status', [json(status)], (text) => decodeStatus(bytes(text))],
  [
    'state event',
    [json({ v: 1, state: 'run', since: now, at: now, mw: 5, why: 'power' })],
    (text) => decodeStateEvent(bytes(text)),
  ],
  ['power report', [json(power)], (text) => decodePowerReport(bytes(text))],
  ['receipt', [json(receipt)], (text) => decodeReceipt(bytes(text))],
  ['accounts of a broker', [json(accounts)], decodeAccounts],
  ['password hash', [accounts.gateways[0]?.password ?? ''], parsePasswordHash],
  ['instrument key', ['gz-gibh/sem-01'], parseInstrumentKey],
  ['register', [registry], (text) => readRegistry(text)],
  [
    'answer of chronyd',
    ['A29FC87B,1.2.3.4,3,1763867400.1,-0.000012,0.1,0.2,1,2,3,0.01,0.02,64.0,Normal'],
    (text) => readChrony(text, now),
  ],
  [
    'booking page',
    ['<html><style>x</style>booking<script>1</script></html>', '{"a":{"b":[{"name":"x"}]}}'],
    (text) => [
      pageContent(bytes(text), 'text/html; charset=gb18030', { kind: 'html' } as never),
      pageContent(bytes(text), 'application/json', listing),
      pageContent(bytes(text), 'text/calendar', { kind: 'ical' } as never),
    ],
  ],
]

/** What a report is read by; the others are in the ledger's own fuzz. */
const ofReports: typeof decoders = [
  ['report statement', [json(statement)], (text) => decodeReportStatement(bytes(text))],
  ['rule set', rulesets, (text) => readRuleSet(parsed(text))],
  [
    'period',
    ['2026', '2026-02', '2026-W02', 'AY2025', '2026-01-05', '2026-01-01..2026-02-01'],
    (text) => parsePeriod(text, 'Asia/Shanghai'),
  ],
]

describe(`any text in a report, ${ofReportRuns} inputs`, () => {
  it.each(ofReports)('as %s gets a verdict', (_name, samples, decode) => {
    let accepted = 0
    fc.assert(
      fc.property(hostile(...samples), (text) => {
        const found = decode(text)
        expectVerdict(found)
        if ((found as { readonly ok: boolean }).ok) accepted += 1
      }),
      { numRuns: ofReportRuns },
    )
    expect(accepted).toBeGreaterThan(0)
  })

  it('as lines and their places: every line has one, or the file is refused by name', () => {
    const name = 'records/lab.jwsl'
    const [lines, places] = [`#${'A'.repeat(43)}\n${'x'.repeat(60)}\n`, '2026/5\n2026/17\n']
    let placed = 0
    fc.assert(
      fc.property(hostile(lines), hostile(places), (text, beside) => {
        const problems = createProblems()
        const files = new Map([
          [name, Buffer.from(text)],
          [`${name}.positions`, Buffer.from(beside)],
        ])
        const shown = placeEntries(inMemory(files), problems)
        const entries = [...shown.entries()]
        expect(entries).toHaveLength(shown.total)
        placed += shown.total
        if (shown.total === 0 && text.length > 0)
          expect(problems.list()).toMatchObject([{ code: 'unreadable', where: name }])
      }),
      { numRuns: ofReportRuns },
    )
    expect(placed).toBeGreaterThan(0)
  })
})

describe('any text', () => {
  it.each(decoders)('as %s gets a verdict', (_name, samples, decode) => {
    fc.assert(
      fc.property(hostile(...samples), (text) => {
        expectVerdict(decode(text))
      }),
      { numRuns },
    )
  })

  it.each(Object.keys(recordSchemas) as (keyof typeof recordSchemas)[])(
    'as %s record gets a verdict',
    (kind) => {
      fc.assert(
        fc.property(hostile(json(enrolment), json(session)), (text) => {
          expect(typeof decodeRecord(kind, bytes(text)).ok).toBe('boolean')
        }),
        { numRuns: Math.ceil(numRuns / 5) },
      )
    },
  )

  it.each([
    ['configuration of a gateway', [config], (text: string) => parseGatewayConfig(text)],
    ['segment of a network', ['192.168.7.0/24:502', '10.0.0.1:502'], parseSegment],
  ] as const)('as %s is taken or refused by a fault of its own', (_name, samples, decode) => {
    fc.assert(
      fc.property(hostile(...samples), (text) => {
        try {
          decode(text)
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError)
        }
      }),
      { numRuns },
    )
  })

  it('as bytes of an answer by SNTP gets a verdict', () => {
    const question = sntpQuestion(now)
    const good = new Uint8Array(48)
    good.set([0x24, 2, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0])
    good.set(question.subarray(40, 48), 24)
    good.set(question.subarray(40, 48), 32)
    good.set(question.subarray(40, 48), 40)
    expect(readSntpAnswer(good, now, now + 10)).toMatchObject({ offsetMs: expect.any(Number) as number })
    const packets = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(fc.tuple(fc.nat({ max: 47 }), fc.nat({ max: 255 })), { maxLength: 4 }).map((edits) => {
        const packet = good.slice()
        for (const [at, value] of edits) packet[at] = value
        return packet
      }),
    )
    fc.assert(
      fc.property(packets, (packet) => {
        const read = readSntpAnswer(packet, now, now + 10)
        if (read) expect([read.offsetMs, read.errorMs].every(Number.isSafeInteger)).toBe(true)
      }),
      { numRuns },
    )
  })
})

describe('any text in the place of a certificate or a request for one', () => {
  let ca: SiteCa
  let csr: string
  let certificate: string
  beforeAll(async () => {
    ca = await openSiteCa(freshFolder(), systemClock)
    ;({ csr } = await newCertificateRequest('gw-1'))
    ;({ certificate } = await ca.signGateway(csr, 'gw-1' as never))
  })

  it('is refused as one, or signed as what it is', async () => {
    await fc.assert(
      fc.asyncProperty(hostile(csr), async (text) => {
        const outcome = await ca.signGateway(text, 'gw-1' as never).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(IngestError)
      }),
      { numRuns: Math.ceil(numRuns / 10) },
    )
  })

  it('renews nothing', () => {
    const registers = openRegisters(freshFolder(), systemClock)
    registers.certificates.enrolled('gw-1', certificate)
    const digest = createHash('sha256').update(csr).digest('base64url')
    const signature = Buffer.from(renewalText(digest)).toString('base64url')
    const options = { ca: ca.certificate, certificates: registers.certificates, clock: systemClock }
    fc.assert(
      fc.property(hostile(certificate), hostile(signature), (shown, signed) => {
        const ask = () => renewingGateway({ certificate: shown, csr, signature: signed }, options)
        expect(ask).toThrow(IngestError)
      }),
      { numRuns: Math.ceil(numRuns / 3) },
    )
    registers.close()
  })
})
