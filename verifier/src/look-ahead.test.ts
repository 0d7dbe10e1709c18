import {
  createKeyRegistry,
  formatBase64url,
  type KeyRegistry,
  openPage,
  openParsedPage,
  type Position,
  signRecord,
} from '@hours/ledger'
import { nodeCrypto, signerFromSeed } from '@hours/ledger/node'
import { expect, it } from 'vitest'
import { createMemoryLog } from './memory-log.fixture.ts'
import { createLookAhead, type Taken } from './look-ahead.ts'

const signer = signerFromSeed(new Uint8Array(32).fill(21), 'gw-1#1')
const thief = signerFromSeed(new Uint8Array(32).fill(22), 'gw-1#1')

interface LogEntry {
  readonly bytes: Uint8Array
  readonly position: Position
}

function registry(of = signer): KeyRegistry {
  const keys = createKeyRegistry()
  const own = { holder: 'gw-1', alg: 'Ed25519' as const, public: formatBase64url(of.publicKey) }
  keys.apply({ ...own, n: 1 }, { year: 2026, index: 0 })
  return keys
}

/** Pages of which every seventh is forged, every eleventh by a key nobody knows, some too long to be handed over. */
function entriesOf(count: number): LogEntry[] {
  const log = createMemoryLog()
  return Array.from({ length: count }, (_, i) => {
    const by = i % 7 === 3 ? thief : i % 11 === 5 ? { ...signer, kid: 'gw-1#9' } : signer
    const page = log.page([['run', 0, 300_000]], (made) => (made.spool.pages = i), by)
    const padding = i % 500 === 0 ? ' '.repeat(30_000) : ''
    const bytes =
      padding === '' ? page : signRecord({ kind: 'page', payload: `{"v":1${padding}}`, signer: by })
    return { bytes, position: { year: 2026, index: i + 1 } }
  })
}

const codeOf = (read: ReturnType<typeof openPage>) =>
  read.ok ? read.value.page.spool.pages : read.error.code

/** Looks ahead by `keys` and judges by `judged`, entry by entry; what each comes to. */
function throughAhead(
  parts: readonly (readonly LogEntry[])[],
  total: number,
  { keys, judged = keys }: { readonly keys: KeyRegistry; readonly judged?: KeyRegistry },
): unknown[] {
  const ahead = createLookAhead(() => keys, total)
  const found: unknown[] = []
  const take = ({ entry, record }: Taken<LogEntry>) =>
    found.push(
      record.ok
        ? codeOf(openParsedPage(record.value, { crypto: ahead.crypto, keys: judged, at: entry.position }))
        : record.error.code,
    )
  try {
    for (const part of parts) for (const taken of ahead.read(part)) take(taken)
    for (const taken of ahead.rest<LogEntry>()) take(taken)
  } finally {
    ahead.close()
  }
  return found
}

it.each([700, 2_600])('says of %d pages what checking one after the other says, in their order', (count) => {
  const entries = entriesOf(count)
  const keys = registry()
  const alone = entries.map(({ bytes, position }) =>
    codeOf(openPage(bytes, { crypto: nodeCrypto, keys, at: position })),
  )
  expect(throughAhead([entries.slice(0, 300), entries.slice(300)], count, { keys })).toEqual(alone)
  expect(alone.filter((code) => code === 'bad_signature').length).toBeGreaterThan(count / 10)
  expect(alone.filter((code) => typeof code === 'number').length).toBeGreaterThan(count / 2)
})

it('asks again when the key has become another one in between', () => {
  const good = entriesOf(2_600).filter((_, i) => i % 7 === 1 && i % 11 !== 5 && i % 500 !== 0)
  const found = throughAhead([good], 2_600, { keys: registry(), judged: registry(thief) })
  expect(new Set(found)).toEqual(new Set(['bad_signature']))
})
