import { createVkey, formatVkey, parsePolicy, parseVkey, signRecord, verifyTlogProof } from '@hours/ledger'
import { generateKey, createSigner, nodeCrypto, signerFromSeed } from '@hours/ledger/node'
import { HOUR } from '@hours/protocol'
import { proveEntryIn, verifyBundleFiles } from '@hours/verifier'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleSummary } from '../../cli/bundle-verdict-text.ts'
import { pageMs, site, start } from '../../ingest/src/ingest.fixture.ts'
import {
  codesOf,
  inMemory,
  instrument,
  type ReportedSite,
  reportedSite,
  signedAgain,
  statementOf,
  verdictOf,
  withLines,
} from './bundle.fixture.ts'
import { createForger, type Files, type Forger } from './forger.fixture.ts'

let world: ReportedSite
let honest: Files
let forger: Forger
const pages = 'gateways/gw-1/2026-01-04.jwsl'
const places = `${pages}.positions`
const records = `records/${site}.jwsl`
const check = (files: Files, policy = world.policy) => verdictOf(files, policy)
/** As whoever holds every key of the operator would hand it in: all digests and the signature fit. */
const signed = (files: Files, change?: Parameters<typeof signedAgain>[2]) =>
  signedAgain(files, world.ingest.keys.report, change)
const codes = (files: Files, policy = world.policy) => codesOf(check(files, policy))

beforeAll(async () => {
  world = await reportedSite()
  honest = await world.report()
  forger = createForger(world)
}, 60_000)
afterAll(() => world.close())

const without = (lines: string[], at: number) => lines.toSpliced(at, 1)

describe('an honest report', () => {
  it('holds to the last cell under the regulator s own policy', async () => {
    const verdict = check(honest)
    expect(verdict.problems).toEqual([])
    expect(verdict).toMatchObject({ ok: true, independent: true })
    expect(verdict.counts).toMatchObject({ pages: 24, hidden: 0 })
    expect(verdict.counts.cells).toBeGreaterThan(500)
    expect(verdict.counts.seen).toBe(1)
    expect(bundleSummary(verdict, true).notShown).toContainEqual(
      expect.stringMatching(/of all 2 enrolments are there: they have no `approval` by a regulator/),
    )
    const figure = (kpi: string) =>
      verdict.predicate?.figures.find((line) => line.of === instrument && line.kpi === kpi)
    expect(figure('run')).toMatchObject({ value: HOUR, lower: HOUR, upper: 23 * HOUR })
    expect(figure('external')).toMatchObject({ value: HOUR / 2 })
    expect(figure('incomeOutsideFen')).toMatchObject({ value: 12_300 })
  })

  it('of one instrument shows of the records of others only their digests, and holds', async () => {
    const verdict = check(await world.report(instrument))
    expect(verdict.problems).toEqual([])
    expect(verdict.counts.hidden).toBe(1)
    expect(verdict.predicate?.figures.every(({ of }) => of === instrument)).toBe(true)
  })

  it('hands out every page with a proof of its own (C2SP tlog-proof) that holds for it and for nothing else', () => {
    const policy = parsePolicy(world.policy, nodeCrypto.sha256)
    if (!policy.ok) throw new Error(policy.error.message)
    const prove = (seq: number, files = honest) =>
      proveEntryIn(inMemory(files), { gateway: 'gw-1', epoch: 0, seq }, policy.value)
    const made = Array.from({ length: 24 }, (_, seq) => {
      const one = prove(seq)
      if (!one.ok) throw new Error(one.error.message)
      return one.value
    })
    for (const [i, { entry, proof, position }] of made.entries()) {
      const checked = verifyTlogProof(proof, entry, policy.value, nodeCrypto)
      expect(checked).toMatchObject({ ok: true, value: { index: position.index } })
      const other = made[(i + 1) % made.length]?.entry ?? entry
      expect(verifyTlogProof(proof, other, policy.value, nodeCrypto)).toMatchObject({
        ok: false,
        error: { code: 'not_included' },
      })
    }
    expect(prove(24)).toMatchObject({ ok: false, error: { code: 'not_included' } })
    const changed = new Map([...honest, ['logs/2026/proof', Buffer.alloc(32)]])
    expect(prove(3, changed)).toMatchObject({ ok: false })
  })

  it('of an organisation has its share beyond itself', async () => {
    const verdict = check(await world.report('org:gibh'))
    expect(verdict.problems).toEqual([])
    expect(verdict.predicate?.figures).toContainEqual(
      expect.objectContaining({ of: 'org:gibh', kpi: 'shareLevel', value: 0.5 }),
    )
  })

  it('has the quota of its rule set, and none where that names none', async () => {
    const quotas = ({ predicate }: ReturnType<typeof check>) =>
      predicate?.figures.flatMap(({ kpi, denominator }) => (kpi === 'utilQuota' ? [denominator] : []))
    const national = await world.report('all', undefined, { ruleset: 'cn-national-2026' })
    const verdict = check(national)
    expect(verdict.problems).toEqual([])
    expect([quotas(check(honest)), quotas(verdict)]).toEqual([Array(3).fill('quota:1400'), []])
    // The first edition held every instrument against the quota of its class; its reports still hold.
    const first = forger.figured(signed(national, ({ edition: _, ...of }) => of))
    const old = check(first)
    expect([old.problems, quotas(old)]).toEqual([[], Array(3).fill('quota:1400')])
    // The second did not know shifts, turnaround and achievements; who leaves them out of the third is found out.
    const second = forger.figured(signed(national, (of) => ({ ...of, edition: 2 })))
    const told = check(second)
    expect(told.problems).toEqual([])
    const names = new Set(told.predicate?.figures.map(({ kpi }) => kpi))
    expect([names.has('samples'), names.has('shifts')]).toEqual([true, false])
    for (const edition of [3, 4] as const)
      expect(codes(signed(second, (of) => ({ ...of, edition })))).toEqual(['figure'])
    expect(codes(signed(national, ({ edition: _, ...of }) => of))).toEqual(['figure'])
  })

  it('of before, whose policy has a line for each year of the log, is read by that policy still', () => {
    const [log = ''] = world.policy.split('\n')
    const key = parseVkey(log.slice(4), nodeCrypto.sha256)
    if (!key.ok) throw new Error(key.error.message)
    const { type, publicKey } = key.value
    const next = formatVkey(createVkey('test.hours/2027', type, publicKey, nodeCrypto.sha256))
    const policy = Buffer.from(`${log}\nlog ${next}\nquorum none\n`)
    const verdict = verifyBundleFiles(inMemory(signed(new Map([...honest, ['policy', policy]]))))
    expect(verdict).toMatchObject({ ok: true, independent: false })
  })

  it('without a policy of the reader s own is never independent', async () => {
    const own = honest.get('policy')?.toString() ?? ''
    expect(check(honest, own)).toMatchObject({ ok: true, independent: false })
  })
})

describe('whoever has the report key cannot', () => {
  it('state another figure', async () => {
    const files = signed(honest, (predicate) => ({
      ...predicate,
      figures: predicate.figures.map((line) =>
        line.of === instrument && line.kpi === 'run' ? { ...line, value: 2 * HOUR } : line,
      ),
    }))
    const { problems } = check(files)
    expect(problems).toContainEqual(
      expect.objectContaining({
        code: 'figure',
        where: `${instrument} run value`,
        message: `stated ${2 * HOUR}, the evidence gives ${HOUR}`,
      }),
    )
  })

  it('leave a figure out, or state one twice', async () => {
    const dropped = signed(honest, (of) => ({ ...of, figures: of.figures.slice(1) }))
    expect(codes(dropped)).toEqual(['figure'])
    const doubled = signed(honest, (of) => ({ ...of, figures: [...of.figures, ...of.figures.slice(0, 1)] }))
    expect(codes(doubled)).toEqual(['figure'])
  })

  it('print another table than the one that is signed', async () => {
    const table = withLines(honest, 'figures.csv', (lines) =>
      lines.map((line) => line.replace(',run,ms,3', ',run,ms,9')),
    )
    expect(codes(table)).toEqual(['digest', 'figure'])
    expect(codes(signed(table))).toEqual(['figure'])
  })

  it('state the figures of another period or scope', async () => {
    expect(codes(signed(honest, (of) => ({ ...of, period: '2026-01-05..2026-01-06' })))).toEqual([])
    expect(codes(signed(honest, (of) => ({ ...of, period: '2026-01-06' })))).toEqual(['figure'])
    expect(codes(signed(honest, (of) => ({ ...of, scope: 'org:nobody' })))).toEqual(['figure'])
    expect(codes(signed(honest, (of) => ({ ...of, period: '2026-13' })))).toEqual(['figure'])
  })

  it('swap the rules, under the old name or a new one', async () => {
    const text = honest.get('ruleset.json')?.toString() ?? ''
    const other = new Map([
      ...honest,
      ['ruleset.json', Buffer.from(text.replace('"outsideWeight":1.5', '"outsideWeight":9'))],
    ])
    expect(other.get('ruleset.json')?.toString()).not.toBe(text)
    expect(codes(other)).toContain('digest')
    expect(codes(signed(other))).toContain('ruleset')
    const hashed = (files: Files) =>
      signed(files, (of) => ({
        ...of,
        ruleset: {
          ...of.ruleset,
          sha256: Buffer.from(nodeCrypto.sha256(files.get('ruleset.json') ?? Buffer.alloc(0))).toString(
            'hex',
          ),
        },
      }))
    expect(codes(hashed(other))).toContain('ruleset')
  })

  it('take a report of a demo for a real one', async () => {
    expect(codes(signed(honest, (of) => ({ ...of, simulated: true })))).toEqual(['statement'])
  })
})

describe('nobody can', () => {
  it('sign a statement with a key the log has not enrolled', async () => {
    const files = signedAgain(honest, createSigner('report#1', generateKey()))
    expect(codes(files)).toEqual(['statement'])
    expect(codes(signedAgain(honest, createSigner('report#2', generateKey())))).toEqual(['statement'])
  })

  it('change, add or take away a file', async () => {
    expect(codes(new Map([...honest, ['extra.txt', Buffer.from('x')]]))).toEqual(['digest'])
    const [...names] = honest.keys()
    for (const name of names.filter((one) => one !== 'statement.jws'))
      expect(codes(new Map([...honest].filter(([other]) => other !== name))), name).toContain('incomplete')
  })

  it('drop a page: without a new proof it does not stand in the log, with one the figures differ', async () => {
    const cut = withLines(
      withLines(honest, pages, (lines) => without(lines, 5)),
      places,
      (lines) => without(lines, 5),
    )
    expect(codes(signed(cut))).toEqual(['proof', 'figure'])
    const proven = check(signed(forger.proven(cut)))
    expect(codesOf(proven)).toEqual(['figure'])
    expect(proven.findings.get('gap')).toBe(1)
  })

  it('drop the last page', async () => {
    const last = <T>(lines: T[]) => lines.slice(0, -1)
    const cut = withLines(withLines(honest, pages, last), places, last)
    // What the page before it had seen has no proof in this folder.
    expect(codes(signed(forger.proven(cut)))).toEqual(['incomplete', 'figure'])
  })

  it('reorder pages, or say that one stands elsewhere', async () => {
    const swap = (lines: string[]) => [
      ...lines.slice(0, 3),
      lines[4] ?? '',
      lines[3] ?? '',
      ...lines.slice(5),
    ]
    expect(codes(signed(withLines(honest, pages, swap)))).toContain('proof')
    const moved = withLines(honest, places, (lines) => lines.map((line, i) => (i === 7 ? '2026/1' : line)))
    expect(codes(signed(moved))).toContain('proof')
  })

  it('show a page twice', async () => {
    const again = (lines: string[]) => [...lines, lines[0] ?? '']
    expect(codes(signed(withLines(withLines(honest, pages, again), places, again)))).toContain('proof')
    const elsewhere = withLines(withLines(honest, pages, again), places, (lines) => [...lines, '2026/90'])
    expect(codes(signed(elsewhere))).toContain('proof')
  })

  it('forge a page, even with every key of the operator, and its leaf with it', async () => {
    const forged = Buffer.from(
      signRecord({
        kind: 'page',
        payload: JSON.stringify({ v: 1, hours: 'many' }),
        signer: signerFromSeed(new Uint8Array(32).fill(7), 'gw-1#1'),
      }),
    ).toString()
    const files = withLines(honest, pages, (lines) => lines.map((line, i) => (i === 3 ? forged : line)))
    expect(codes(signed(files))).toEqual(expect.arrayContaining(['refused_page', 'proof', 'figure']))
    // The proof is over the leaves of the entries shown: there is no tile to forge along (CVE-2026-56865).
    expect(codes(forger.figured(forger.proven(files)))).toEqual(['refused_page', 'proof'])
  })

  it('change a record: who it was for, or that it was there at all', async () => {
    const find = (lines: string[]) =>
      lines.findIndex((line) =>
        Buffer.from(line.split('.')[1] ?? '', 'base64url')
          .toString()
          .includes('"s2"'),
      )
    const forge = (lines: string[]) =>
      lines.map((line, i) => {
        if (i !== find(lines)) return line
        const body = Buffer.from(line.split('.')[1] ?? '', 'base64url').toString()
        const payload = body.replace('"beneficiary":"gibh"', '"beneficiary":"acme"')
        return Buffer.from(
          signRecord({ kind: 'session', payload, signer: world.ingest.keys.service }),
        ).toString()
      })
    expect(codes(signed(withLines(honest, records, forge)))).toEqual(
      expect.arrayContaining(['stream_fork', 'proof', 'figure']),
    )
    const at = find((honest.get(records)?.toString() ?? '').split('\n'))
    const gone = withLines(
      withLines(honest, records, (lines) => without(lines, at)),
      `${records}.positions`,
      (lines) => without(lines, at),
    )
    expect(codes(signed(forger.proven(gone)))).toEqual(expect.arrayContaining(['stream_hole', 'figure']))
  })

  it('hide a record of the scope behind its digest', async () => {
    const hide = (lines: string[]) =>
      lines.map((line) =>
        Buffer.from(line.split('.')[1] ?? '', 'base64url')
          .toString()
          .includes('"s2"')
          ? `#${Buffer.from(nodeCrypto.sha256(Buffer.from(line))).toString('base64url')}`
          : line,
      )
    const files = withLines(honest, records, hide)
    expect(codes(signed(files))).toEqual(['proof', 'figure'])
    expect(codes(signed(forger.proven(files)))).toEqual(['figure'])
  })

  it('cut the end of a stream of records', async () => {
    const cut = <T>(lines: T[]) => lines.slice(0, -1)
    const files = withLines(withLines(honest, records, cut), `${records}.positions`, cut)
    expect(codes(signed(forger.proven(files)))).toEqual(expect.arrayContaining(['stream_hole', 'figure']))
  })

  it('put another log under the same name: the witness has signed the first', async () => {
    const other = honest.get('logs/2026/checkpoint')?.toString() ?? ''
    const alone = other
      .split('\n')
      .filter((line) => !line.includes('regulator.example'))
      .join('\n')
    const files = new Map([...honest, ['logs/2026/checkpoint', Buffer.from(alone)]])
    expect(codes(signed(files))).toContain('no_quorum')
    const unknown = world.policy.replace(/witness w .*/, (line) => `${line}\nwitness x ${wrongWitness()}`)
    expect(codes(honest, unknown.replace('quorum w', 'quorum x'))).toContain('no_quorum')
  })

  it('show another log than the gateways have seen', async () => {
    const [name = ''] = [...honest.keys()].filter((one) => one.includes('consistency'))
    const files = withLines(honest, name, (lines) => [lines[0] ?? '', ...lines.slice(0, -1)])
    expect(codes(signed(files))).toEqual(['split_view'])
  })
})

/** A witness that has signed nothing here. */
function wrongWitness(): string {
  const [, own = ''] = /witness w (\S+)/.exec(world.policy) ?? []
  const [name = '', , key = ''] = own.split('+')
  const bytes = Buffer.from(key, 'base64')
  const raw = Buffer.concat([bytes.subarray(0, 1), Buffer.from(nodeCrypto.sha256(bytes))])
  const id = Buffer.from(nodeCrypto.sha256(Buffer.concat([Buffer.from(`${name}\n`), raw]))).subarray(0, 4)
  return `${name}+${id.toString('hex')}+${raw.toString('base64')}`
}

describe('a gateway that lies', () => {
  it('about its settings, or has lost pages, is told of by everybody who checks, though its hours stand', async () => {
    const own = await reportedSite()
    try {
      await own.page([['run', 0, pageMs]], { config: { revision: 0, sha256: 'own' } })
      await own.page([['run', 0, pageMs]], { spool: { pages: 0, oldest: null, dropped: 3 } })
      for (const scope of ['all', instrument]) {
        const { ok, findings } = verdictOf(await own.report(scope), own.policy)
        expect({ ok, findings: [...findings] }).toEqual({
          ok: true,
          findings: [
            ['config', 1],
            ['spool_dropped', 1],
          ],
        })
      }
      expect(check(honest).findings).toEqual(new Map())
    } finally {
      await own.close()
    }
  })

  it('twice under one number loses the epoch from then on, and everybody who checks is told', async () => {
    const liar = await reportedSite()
    try {
      liar.gateway.rewind()
      await liar.page([['run', 0, pageMs]])
      await liar.page([['run', 0, pageMs]])
      const verdict = verdictOf(await liar.report(), liar.policy)
      expect(codesOf(verdict)).toEqual(['equivocation'])
      const run = verdict.predicate?.figures.find(({ of, kpi }) => of === instrument && kpi === 'run')
      expect(run?.value).toBe(HOUR)
    } finally {
      await liar.close()
    }
  })
})

describe('a closed period', () => {
  it('keeps its revision until something comes in that touches it; another number is caught', async () => {
    const closing = await reportedSite()
    try {
      const revisionOf = async () => {
        const files = await closing.report('all', undefined, { close: true })
        expect(verdictOf(files, closing.policy).problems).toEqual([])
        return { files, revision: statementOf(files).predicate.revision }
      }
      expect((await revisionOf()).revision).toBe(1)
      const { files, revision } = await revisionOf()
      expect(revision).toBe(1)
      const other = signedAgain(files, closing.ingest.keys.report, (of) => ({ ...of, revision: 2 }))
      expect(codesOf(verdictOf(other, closing.policy))).toEqual(['statement'])
      await closing.record('charge', site, {
        ...{ id: 'c2', instrument: 'sem-01', session: 's1', at: start, fen: 100, actor: 'a' },
      })
      expect((await revisionOf()).revision).toBe(2)
    } finally {
      await closing.close()
    }
  })
})

describe('a log that is all the operator s', () => {
  it('with a quorum that the operator meets alone holds, and is said not to be independent', async () => {
    const alone = world.policy.replace('quorum w', 'quorum none')
    expect(check(honest, alone)).toMatchObject({ ok: true, independent: false })
  })
})

it('a period that is not over is not reported', async () => {
  await expect(world.report('all', '2026-01-06')).rejects.toThrow(/"2026-01-06" is not over/)
  await expect(world.report('all', '2026-13')).rejects.toThrow(/2026-13/)
  await expect(world.report('nowhere/x-1')).rejects.toThrow(/scope: "nowhere\/x-1" is not known/)
})
