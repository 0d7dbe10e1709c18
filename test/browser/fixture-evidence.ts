import {
  addSignatures,
  cosign,
  createVkey,
  formatBase64,
  formatBase64url,
  formatVkey,
  leafHash,
  nodeHash,
  noteType,
  proveInclusion,
  readRoot,
  recordDigest,
  signCheckpoint,
  signRecord,
} from '@hours/ledger'
import { nodeCrypto, signerFromSeed } from '@hours/ledger/node'
import { type DayEvidence, encodePage, Page, type PageSpan } from '@hours/protocol'
import type { Fleet } from './simulated-fleet.ts'
import { totals } from './simulated-fleet.ts'
import { day } from './simulated-day.ts'

/** For the fixture server: a day of real pages, signed, chained, logged and proved by the ledger itself. */

const origin = 'demo.example.org/hours/2026'
const pageMs = 300_000
const { sha256 } = nodeCrypto
const logSigner = signerFromSeed(new Uint8Array(32).fill(1), 'log')
const witnessSigner = signerFromSeed(new Uint8Array(32).fill(2), 'witness')
const logKey = createVkey(origin, noteType.ed25519, logSigner.publicKey, sha256)

export const vkey = formatVkey(logKey)

/** What one part of the evidence is changed to, for the page to find out. */
export type Tamper = 'none' | 'page' | 'proof' | 'checkpoint' | 'hours' | 'chain'

export function dayEvidence(fleet: Fleet, number: number, from: number, date: string): DayEvidence {
  const key = fleet.keys[number] ?? ''
  const gateway = fleet.summary(number).gateway
  const signer = signerFromSeed(new Uint8Array(32).fill(3), `${gateway}#1`)
  const jws = pagesOf(fleet, number, from).map((payload) => payload(signer))
  // A log has other entries too: every page is preceded by one of somebody else.
  const entries = chained(jws, (bytes, n) => [new TextEncoder().encode(`other ${n}`), bytes])
  const hashes = entries.map((bytes) => leafHash(bytes, sha256))
  const read = readerOf(hashes)
  const size = hashes.length
  const note = signCheckpoint(
    { origin, size, root: size === 0 ? sha256(new Uint8Array()) : readRoot(size, read, sha256) },
    logSigner,
    sha256,
  )
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1)
  const seconds = Math.floor(fleet.now / 1_000)
  const witness = cosign(text, { name: 'witness.example.net', signer: witnessSigner, seconds }, sha256)
  const pages = entries.flatMap((bytes, index) =>
    index % 2 === 0
      ? []
      : [
          {
            jws: new TextDecoder().decode(bytes),
            index,
            proof: proveInclusion(index, size, read, sha256).map(formatBase64),
            gateway,
            seq: (index - 1) / 2,
          },
        ],
  )
  return {
    key,
    date,
    from,
    to: from + day,
    origin,
    checkpoint: addSignatures(note, [witness]),
    vkey,
    pages,
    keys: [{ kid: `${gateway}#1`, alg: 'Ed25519', public: formatBase64url(signer.publicKey) }],
    states: totals(fleet.spans(number, from, from + day)),
  }
}

type Sealed = (signer: ReturnType<typeof signerFromSeed>) => (prev: string | null) => Uint8Array

/** Each page names the digest of the one before. */
function chained(
  seal: readonly ((prev: string | null) => Uint8Array)[],
  entry: (bytes: Uint8Array, n: number) => Uint8Array[],
): Uint8Array[] {
  let prev: string | null = null
  const entries: Uint8Array[] = []
  for (const [n, one] of seal.entries()) {
    const bytes = one(prev)
    prev = recordDigest(bytes, sha256)
    entries.push(...entry(bytes, n))
  }
  return entries
}

function pagesOf(fleet: Fleet, number: number, from: number): Sealed[] {
  const { site, id } = split(fleet.keys[number] ?? '')
  const gateway = fleet.summary(number).gateway
  const until = Math.min(from + day, fleet.now)
  const made: Sealed[] = []
  let onMs = 0
  let runMs = 0
  for (let at = from; at + pageMs <= until; at += pageMs) {
    const spans = fleet
      .spans(number, at, at + pageMs)
      .flatMap(({ state, from: a, to: b }): PageSpan[] =>
        state === 'unknown' ? [] : [[state, a - at, b - at]],
      )
    for (const [state, a, b] of spans) {
      if (state !== 'off') onMs += b - a
      if (state === 'run') runMs += b - a
    }
    const seq = made.length
    const counters = { onMs, runMs }
    made.push((signer) => (prev) => {
      const page = Page.parse({
        v: 1,
        site,
        gateway,
        epoch: 0,
        seq,
        prev,
        from: at,
        to: at + pageMs,
        boot: 1,
        mono: [seq * pageMs, (seq + 1) * pageMs],
        clock: { source: 'sim', offsetMs: 0, errorMs: 10, steppedMs: 0 },
        seen: null,
        spool: { pages: 0, oldest: null, dropped: 0 },
        software: 'fixture',
        config: { revision: 1, sha256: 'x' },
        instruments: [{ id, spans, ...counters, mwh: 0, samples: 300, rejected: 0 }],
      })
      return signRecord({ kind: 'page', payload: encodePage(page), signer })
    })
  }
  return made
}

function split(key: string): { site: string; id: string } {
  const [site = '', id = ''] = key.split('/')
  return { site, id }
}

function readerOf(leaves: readonly Uint8Array[]) {
  const known = new Map<string, Uint8Array>()
  const read = (level: number, index: number): Uint8Array => {
    const leaf = leaves[index]
    if (level === 0 && leaf) return leaf
    const name = `${level}/${index}`
    const hash =
      known.get(name) ?? nodeHash(read(level - 1, index * 2), read(level - 1, index * 2 + 1), sha256)
    known.set(name, hash)
    return hash
  }
  return read
}

/** One thing changed afterwards, as somebody would who wants other hours. */
export function tampered(evidence: DayEvidence, how: Tamper): DayEvidence {
  const { pages } = evidence
  const middle = Math.floor(pages.length / 2)
  const change = (n: number, make: (page: DayEvidence['pages'][number]) => DayEvidence['pages'][number]) =>
    pages.map((page, i) => (i === n ? make(page) : page))
  if (how === 'page')
    return { ...evidence, pages: change(middle, (page) => ({ ...page, jws: moreHours(page.jws) })) }
  if (how === 'proof')
    return {
      ...evidence,
      pages: change(middle, (page) => ({
        ...page,
        proof: page.proof.with(0, formatBase64(new Uint8Array(32))),
      })),
    }
  if (how === 'chain')
    return {
      ...evidence,
      pages: pages.map((page, i) => (i > middle ? { ...page, seq: page.seq + 1 } : page)),
    }
  if (how === 'checkpoint')
    return {
      ...evidence,
      checkpoint: evidence.checkpoint.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) + 1}\n`),
    }
  if (how === 'hours')
    return {
      ...evidence,
      states: {
        ...evidence.states,
        run: evidence.states.run + 3_600_000,
        off: evidence.states.off - 3_600_000,
      },
    }
  return evidence
}

/** The payload says `run` where it said something else; the signature is the old one. */
function moreHours(jws: string): string {
  const [header = '', payload = '', signature = ''] = jws.split('.')
  const text = Buffer.from(payload, 'base64url')
    .toString('utf8')
    .replace(/"(off|standby|run)"/, (_, state: string) => (state === 'run' ? '"fault"' : '"run"'))
  return `${header}.${Buffer.from(text).toString('base64url')}.${signature}`
}
