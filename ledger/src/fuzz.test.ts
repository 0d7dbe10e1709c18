import { isDeepStrictEqual } from 'node:util'
import type { Page } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeCrypto, signerFromSeed } from '../node/index.ts'
import { change, changed } from '../../protocol/src/strange.fixture.ts'
import { accountablePages } from './accountable.ts'
import { fromUtf8, utf8 } from './bytes.ts'
import { createChainBook } from './chain-book.ts'
import { pageOf } from './chain.fixture.ts'
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import { formatBase64, formatBase64url, formatHex, parseBase64, parseBase64url, parseHex } from './codecs.ts'
import { judgeTime } from './clock-rules.ts'
import { formatEntryBundle, parseEntryBundle } from './entry-bundle.ts'
import { hostileText } from './hostile.fixture.ts'
import { jsonFault, readJson } from './json-keys.ts'
import { createKeyRegistry } from './key-registry.ts'
import { formatNote, parseNote } from './note.ts'
import { openPage } from './open-page.ts'
import { parsePolicy } from './policy.ts'
import { verifyReceipt } from './receipt.ts'
import { parseRecord, signRecord } from './signed-record.ts'
import { formatTilePath, parseTilePath } from './tile.ts'
import { formatTlogProof, parseTlogProof } from './tlog-proof.ts'
import { formatVkey, parseVkey } from './vkey.ts'
import { formatAddCheckpoint, parseAddCheckpoint, parseCosignatures, parseTlogSize } from './witness.ts'

// HOURS_FUZZ_RUNS=1000000 for the long run.
const numRuns = Number(process.env['HOURS_FUZZ_RUNS'] ?? 10_000)
const { sha256 } = nodeCrypto
const signer = signerFromSeed(new Uint8Array(32).fill(7), 'gw-1#1')
const origin = 'example.org/log/2026'
const note = signCheckpoint({ origin, size: 3, root: new Uint8Array(32) }, signer, sha256)
const text = note.slice(0, note.indexOf('\n\n') + 1)
const vkey = formatVkey({ name: 'w', type: 4, publicKey: new Uint8Array(32), keyId: '00000000' })
const hash = formatBase64(new Uint8Array(32))
const record = fromUtf8(signRecord({ kind: 'page', payload: '{"v":1,"a":{"b":[1,"x"]}}', signer })) ?? ''

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const hostile = (...samples: readonly string[]) => hostileText(samples)

const at = { year: 2026, index: 1 }
const keys = createKeyRegistry()
keys.apply({ holder: 'gw-1', n: 1, alg: 'Ed25519', public: formatBase64url(signer.publicKey) }, at)
/** Takes every signature, so that what is signed gets read. */
const believing = { ...nodeCrypto, verify: () => true }
const unsigned = (kind: 'page' | 'receipt', payload: string) =>
  signRecord({ kind, payload, signer: { ...signer, sign: () => new Uint8Array(64) } })
/** Ascending, disjoint, inside the page. */
function fits(page: Page, spans: readonly { readonly from: number; readonly to: number }[]): boolean {
  let end: number = page.from
  return spans.every(({ from, to }) => from >= end && to > from && (end = to) <= page.to)
}

/** Runs `parse` on hostile texts; what it accepts must be what `format` writes. */
function holds<T>(
  parse: (text: string) => { ok: true; value: T } | { ok: false; error: { code: string; message: string } },
  format: ((value: T) => string) | undefined,
  ...samples: readonly string[]
) {
  let accepted = 0
  fc.assert(
    fc.property(hostile(...samples), (input) => {
      const result = parse(input)
      if (!result.ok) return result.error.code.length > 0 && result.error.message.length < 1_000
      accepted += 1
      return format === undefined || format(result.value) === input
    }),
    { numRuns },
  )
  expect(accepted).toBeGreaterThan(0)
}

describe(`every parser, ${numRuns} hostile inputs: refuses by value, accepts one spelling only`, {
  timeout: 120_000 + numRuns,
}, () => {
  it('codecs', () => {
    for (const [parse, format] of [
      [parseBase64, formatBase64],
      [parseBase64url, formatBase64url],
      [parseHex, formatHex],
    ] as const)
      fc.assert(
        fc.property(hostile('AAAA', 'ab-_', 'AQ==', 'AQ', 'ab01', 'A A='), (input) => {
          const bytes = parse(input)
          return bytes === undefined || format(bytes) === input
        }),
        { numRuns },
      )
  })
  it('notes', () => holds(parseNote, formatNote, note, `a\n\nb\n\n— x ${hash}\n— y ${hash}\n`))
  it('checkpoints', () => holds(parseCheckpoint, formatCheckpoint, text))
  it('vkeys', () =>
    holds(
      (input) => parseVkey(input, sha256),
      formatVkey,
      'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      vkey,
    ))
  it('tile paths', () =>
    holds(parseTilePath, formatTilePath, 'tile/0/x001/x234/067', 'tile/entries/000.p/17'))
  it('proofs', () =>
    holds(
      parseTlogProof,
      formatTlogProof,
      `c2sp.org/tlog-proof@v1\nindex 5\n${hash}\n\n${note}`,
      `c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\n${note}`,
    ))
  it('witness requests', () =>
    holds(parseAddCheckpoint, formatAddCheckpoint, `old 0\n\n${note}`, `old 5\n${hash}\n\n${note}`))
  it('witness answers', () => {
    holds(parseCosignatures, undefined, `— w ${hash}\n`)
    holds(parseTlogSize, (size) => `${size}\n`, '17\n')
  })
  it('policies', () =>
    holds(
      (input) => parsePolicy(input, sha256),
      undefined,
      'log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\nwitness w example.net/witness+551f0fcc+BD1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM\ngroup g any w\nquorum g\n',
      'quorum none\n',
    ))
  it('records', () => {
    holds(
      (input) => parseRecord(utf8(input)),
      (value) => fromUtf8(value.bytes) ?? '',
      record,
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => !parseRecord(bytes).ok),
      { numRuns },
    )
  })
  it('JSON: the quick look says what the look at every key says', () => {
    const nested = fc.nat(40).map((n) => `${'[1,'.repeat(n)}{"a":1}${']'.repeat(n)}`)
    const texts = hostile(
      '{"v":1,"a":{"b":[1,"x"]},"c":{"b":2}}',
      '[{"a":"\\"a\\":"},{"a":-0}]',
      '{"10":1,"2":1}',
    )
    let read = 0
    fc.assert(
      fc.property(fc.oneof(texts, fc.json(), nested), (text) => {
        const quick = readJson(text)
        if (quick.fault !== undefined) return quick.fault === jsonFault(text)
        if (quick.data !== undefined) read += 1
        return jsonFault(text) === undefined && isDeepStrictEqual(quick.data, parsed(text))
      }),
      { numRuns },
    )
    expect(read).toBeGreaterThan(numRuns / 10)
  })
  it('pages and receipts that are none', () => {
    const context = {
      ...{ crypto: believing, gateway: 'gw-1', logs: [], service: [signer] },
      ...{ seen: [], pageBytes: () => undefined },
    }
    fc.assert(
      fc.property(
        hostile('{"v":1,"site":"s","gateway":"gw-1","epoch":0,"seq":0}', '[]', '{"v":2}'),
        (text) => {
          const payload = text.toWellFormed()
          if (jsonFault(payload) !== undefined) return true
          const page = openPage(unsigned('page', payload), { crypto: believing, keys, at })
          return !page.ok && !verifyReceipt(unsigned('receipt', payload), context).ok
        },
      ),
      { numRuns },
    )
  })
  it('pages with strange fields: refused with a reason, or judged, and then they account for no more than their time', () => {
    const first = pageOf(0)
    const second = pageOf(1, { prev: first.digest, seen: { origin, size: 3, root: hash } }).page
    const arrival = { arrival: second.to + 60_000, earliest: second.from }
    let judged = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const payload = JSON.stringify(changed(second, changes))
        const opened = openPage(unsigned('page', payload), { crypto: believing, keys, at })
        if (!opened.ok) return opened.error.code.length > 0 && opened.error.message.length < 10_000
        const book = createChainBook()
        book.check(first, { isOpen: () => true, mayName: () => true })
        const verdict = book.check(opened.value, { isOpen: () => true, mayName: () => true })
        const { page, digest } = opened.value
        judged += 1
        const time = judgeTime(page, arrival)
        const all = [...accountablePages([{ page, digest, standing: 'accepted', ...time }])]
        return verdict.findings.length < 100 && all.every(([, { spans }]) => fits(page, spans))
      }),
      { numRuns },
    )
    expect(judged).toBeGreaterThan(numRuns / 20)
  })
  it('signed checkpoints under another key', () => {
    fc.assert(
      fc.property(hostile(note), (input) => {
        const opened = openCheckpoint(input, { logs: [] }, nodeCrypto)
        return !opened.ok
      }),
      { numRuns },
    )
  })
  it('entry bundles', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 0, max: 300 }), (bytes, width) => {
        const entries = parseEntryBundle(bytes, width)
        if (entries.ok) expect(formatEntryBundle(entries.value)).toEqual(bytes)
      }),
      { numRuns },
    )
  })
})
