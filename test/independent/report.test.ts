import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createVkey, formatVkey, noteType, parsePolicy } from '@hours/ledger'
import { createSigner, generateKey, nodeCrypto } from '@hours/ledger/node'
import { proveEntryIn, verifyBundle } from '@hours/verifier'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { site } from '../../ingest/src/ingest.fixture.ts'
import {
  inMemory,
  type ReportedSite,
  reportedSite,
  signedAgain,
  withLines,
} from '../attacks/bundle.fixture.ts'
import { hasPeer, python } from '../sources/sources.fixture.ts'

/** Reports and a checker that shares nothing with this project but docs/evidence.md. */
type Files = ReadonlyMap<string, Buffer>
const docs = join(import.meta.dirname, '../../docs')
const example = { report: join(docs, 'example-report'), policy: join(docs, 'example.policy') }
const checker = join(import.meta.dirname, 'check_report.py')
const hasPython = hasPeer('python3-cryptography', python, '-c', 'import cryptography')
let folder = ''
let world: ReportedSite
let honest: Files

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hours-independent-'))
  world = await reportedSite()
  honest = await world.report()
}, 60_000)
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true })
})

/** Writes the files as a folder, with the policy beside it; the arguments of the other checker. */
function written(files: Files, policy = world.policy): [string, string] {
  const dir = mkdtempSync(join(folder, 'report-'))
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), bytes)
  }
  writeFileSync(`${dir}.policy`, policy)
  return [dir, `${dir}.policy`]
}
/** Its exit code, and a line for each report; one process for all, as Python starts slowly. */
function judge(...reports: readonly [string, string][]): { code: number | null; said: string[] } {
  const done = spawnSync(python, ['-B', checker, ...reports.flat()], { encoding: 'utf8' })
  return { code: done.status, said: `${done.stdout}${done.stderr}`.trim().split('\n') }
}
const signed = (files: Files, change?: Parameters<typeof signedAgain>[2]) =>
  signedAgain(files, world.ingest.keys.report, change)

it('the example in docs, written by release 0.1.0, holds to the last cell', () => {
  const policy = parsePolicy(readFileSync(example.policy, 'utf8'), nodeCrypto.sha256)
  if (!policy.ok) throw new Error(policy.error.message)
  const verdict = verifyBundle(example.report, { policy: policy.value })
  expect(verdict.problems).toEqual([])
  expect(verdict).toMatchObject({ ok: true, independent: true, predicate: { simulated: true } })
})

describe.skipIf(!hasPython)('a checker by other hands', () => {
  it('finds the same in the example and in a report of today', () => {
    const { code, said } = judge([example.report, example.policy], written(honest))
    const holds = /^HOLDS: 16 files, 24 pages, 11 records, 1 sizes seen, 18 figures of 3 lines;/
    expect(said).toEqual([expect.stringMatching(holds), expect.stringMatching(holds)])
    expect(code).toBe(0)
  })

  const pages = 'gateways/gw-1/2026-01-04.jwsl'
  const without = (name: string) => (files: Files) =>
    withLines(
      withLines(files, name, (lines) => lines.slice(0, -1)),
      `${name}.positions`,
      (lines) => lines.slice(0, -1),
    )
  const attacks: [string, RegExp, (files: Files) => Files][] = [
    [
      'an hour too many, signed by the report key',
      /run: 3660000 is stated/,
      (files) =>
        signed(files, (predicate) => ({
          ...predicate,
          figures: predicate.figures.map((one) => (one.kpi === 'run' ? { ...one, value: 3_660_000 } : one)),
        })),
    ],
    [
      'a file changed behind the statement',
      /is not what was signed/,
      (files) => new Map([...files, ['policy', Buffer.from('quorum none\n')]]),
    ],
    ['a page left out', /an entry is left out/, (files) => signed(without(pages)(files))],
    [
      'the end of a stream cut off',
      /an entry is left out/,
      (files) => signed(without(`records/${site}.jwsl`)(files)),
    ],
    [
      'a page that its gateway has not signed',
      /false signature|no entry shown is proved/,
      (files) =>
        signed(
          withLines(files, pages, ([first = '', ...rest]) => [`${first.slice(0, -8)}AAAAAAAA`, ...rest]),
        ),
    ],
    [
      'what a gateway had seen left away',
      /consistency/,
      (files) => signed(new Map([...files].filter(([name]) => !name.includes('consistency')))),
    ],
  ]
  it('refuses each of them, and a log that a witness of the policy has not signed, by what is wrong', () => {
    const stranger = createSigner('witness#1', generateKey())
    const key = createVkey('other.example/w', noteType.cosignature, stranger.publicKey, nodeCrypto.sha256)
    const two = `witness other ${formatVkey(key)}\ngroup both all w other\nquorum both`
    const changed = attacks.map(([, , change]) => written(change(honest)))
    const { code, said } = judge(...changed, written(honest, world.policy.replace('quorum w', two)))
    expect(code).toBe(1)
    const names = [...attacks.map(([name]) => name), 'quorum']
    const reasons = [...attacks.map(([, reason]) => reason), /the quorum is not met by \['w'\]/]
    const byName = (list: readonly unknown[]) => Object.fromEntries(names.map((name, i) => [name, list[i]]))
    expect(byName(said)).toEqual(byName(reasons.map((reason) => expect.stringMatching(reason) as string)))
    expect(said.filter((line) => line.startsWith('DOES NOT HOLD: '))).toHaveLength(names.length)
  })

  it('takes the proof of a page, and of no other entry', () => {
    const proved = proveEntryIn(inMemory(honest), { gateway: 'gw-1', epoch: 0, seq: 3 })
    if (!proved.ok) throw new Error(proved.error.message)
    const { entry, proof, position } = proved.value
    const at = (name: string, text: Uint8Array | string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const rest = [at('entry.tlog-proof', proof), at('mine.policy', world.policy)]
    const check = (path: string) =>
      spawnSync(python, ['-B', join(import.meta.dirname, 'check_proof.py'), path, ...rest], {
        encoding: 'utf8',
      })
    expect(check(at('entry.jws', entry))).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`HOLDS: entry ${position.index} of test.hours/2026`) as string,
    })
    expect(check(at('other.jws', entry.slice(1)))).toMatchObject({
      status: 1,
      stdout: 'DOES NOT HOLD: another entry, or another log\n',
    })
  })
})
