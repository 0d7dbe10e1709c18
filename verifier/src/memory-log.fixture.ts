import {
  createVkey,
  edgeRoot,
  emptyEdge,
  formatEntryBundle,
  formatOrigin,
  formatTilePath,
  growEdge,
  leafHash,
  noteType,
  parsePolicy,
  type Policy,
  recordDigest,
  signCheckpoint,
  type Signer,
  signRecord,
  tilesOfSize,
  tileWidth,
  formatBase64url,
  formatVkey,
  formatBase64,
  addSignatures,
  cosign,
} from '@hours/ledger'
import { createSigner, nodeCrypto, signerFromSeed } from '@hours/ledger/node'
import {
  encodePage,
  GatewayId,
  InstrumentId,
  MINUTE,
  type Page,
  type PageInstrument,
  pageGrowth,
  recordSigner,
  type RecordBody,
  type RecordKind,
  SiteId,
} from '@hours/protocol'
import type { LogSource } from './log-source.ts'

const { sha256 } = nodeCrypto
const seed = (n: number) => new Uint8Array(32).fill(n)
const logSigner = signerFromSeed(seed(1), 'log#1')
const witness = { name: 'regulator.example/w1', signer: signerFromSeed(seed(9), 'witness#1'), seconds: 0 }
const staff: Record<string, Signer> = {
  operator: signerFromSeed(seed(2), 'operator#1'),
  service: signerFromSeed(seed(3), 'service#1'),
  report: signerFromSeed(seed(4), 'report#1'),
}
export const gatewaySigner = (gateway: string, n = 1): Signer => {
  const byte = 10 + n + Buffer.from(gateway).reduce((sum, byte) => sum + byte, 0)
  return signerFromSeed(seed(byte % 200), `${gateway}#${n}`)
}
export const t0 = Date.UTC(2026, 2, 2)
export const site = SiteId.parse('lab')
export const gateway = GatewayId.parse('gw-1')
export const instrument = InstrumentId.parse('sem-01')
const logName = 'test.hours'
const publicKey = (signer: Signer) => formatBase64url(signer.publicKey)

/** A log in memory, made with the real ledger; attacks change `entries` or what `files` answers. */
export interface MemoryLog {
  readonly entries: Uint8Array[]
  /** The settings that the operator has signed for the gateway; pages are made under them. */
  readonly config: Page['config']
  record<K extends RecordKind>(kind: K, stream: string, body: RecordBody<K>, by?: Signer): Uint8Array
  time(at: number): void
  /** The next page of the chain, or any page `change` makes of it; signed by the gateway. */
  page(spans: PageInstrument['spans'], change?: (page: Page) => void, by?: Signer): Uint8Array
  append(bytes: Uint8Array): void
  seen(size?: number): Page['seen']
  source(change?: {
    entries?: readonly Uint8Array[]
    signer?: Signer
    cosigned?: boolean
    /** Newest size that the witness has signed, as `checkpoints/latest`; the newest checkpoint is not. */
    latest?: { size: number; entries?: readonly Uint8Array[] }
    size?: number
    /** Sizes that the witness has signed before, and when, ms. */
    kept?: ReadonlyMap<number, number>
    /** When it signed the newest checkpoint, ms; by default at the last `time` record in it. */
    cosignedAt?: number
  }): LogSource
  next: { seq: number; prev: string | null; from: number; onMs: number; runMs: number }
}

export const policyText = (quorum = 'w'): string =>
  [
    `log ${formatVkey(createVkey(formatOrigin(logName, 2026), noteType.ed25519, logSigner.publicKey, sha256))}`,
    `witness w ${formatVkey(createVkey(witness.name, noteType.cosignature, witness.signer.publicKey, sha256))}`,
    `quorum ${quorum}`,
    '',
  ].join('\n')

export function policy(text = policyText()): Policy {
  const read = parsePolicy(text, sha256)
  if (!read.ok) throw new Error(read.error.message)
  return read.value
}

export function createMemoryLog(): MemoryLog {
  const entries: Uint8Array[] = []
  const streams = new Map<string, { seq: number; prev: string | null }>()
  const origin = formatOrigin(logName, 2026)
  const edgeOf = (list: readonly Uint8Array[]) =>
    growEdge(
      emptyEdge,
      list.map((entry) => leafHash(entry, sha256)),
      sha256,
    )

  const config = { revision: 1, sha256: '' }
  const times: { index: number; at: number }[] = []
  const log: MemoryLog = {
    entries,
    config,
    next: { seq: 0, prev: null, from: t0, onMs: 0, runMs: 0 },
    append: (bytes) => void entries.push(bytes),
    record(kind, stream, body, by) {
      const at = streams.get(stream) ?? { seq: 0, prev: null }
      const signer = by ?? staff[recordSigner[kind][0] ?? 'operator']
      if (!signer) throw new Error(`nobody signs ${kind}`)
      const bytes = signRecord({
        kind,
        payload: JSON.stringify({ v: 1, stream, ...at, ...body }),
        signer,
      })
      streams.set(stream, { seq: at.seq + 1, prev: recordDigest(bytes, sha256) })
      entries.push(bytes)
      return bytes
    },
    time(at) {
      const payload = JSON.stringify({ v: 1, at, size: entries.length })
      times.push({ index: entries.length, at })
      entries.push(signRecord({ kind: 'time', payload, signer: staff['service'] as Signer }))
    },
    seen(size = entries.length) {
      const root = edgeRoot(edgeOf(entries.slice(0, size)).edge, sha256)
      return { origin, size, root: formatBase64(root) }
    },
    page(spans, change, by = gatewaySigner(gateway)) {
      const { next } = log
      const growth = pageGrowth(spans)
      const to = next.from + 5 * MINUTE
      const page: Page = {
        v: 1,
        site,
        gateway,
        epoch: 0,
        seq: next.seq,
        prev: next.prev,
        from: next.from,
        to,
        boot: 1,
        mono: [next.from - t0, to - t0],
        clock: { source: 'ntp', offsetMs: 0, errorMs: 10, steppedMs: 0 },
        seen: log.seen(),
        spool: { pages: 0, oldest: null, dropped: 0 },
        software: 'test',
        config: log.config,
        instruments: [
          {
            id: instrument,
            spans,
            onMs: next.onMs + growth.onMs,
            runMs: next.runMs + growth.runMs,
            mwh: 0,
            samples: 30,
            rejected: 0,
          },
        ],
      }
      change?.(page)
      const bytes = signRecord({ kind: 'page', payload: encodePage(page), signer: by })
      const counters = page.instruments[0]
      log.next = {
        seq: page.seq + 1,
        prev: recordDigest(bytes, sha256),
        from: page.to,
        onMs: counters?.onMs ?? next.onMs,
        runMs: counters?.runMs ?? next.runMs,
      }
      return bytes
    },
    source(change = {}) {
      const list = (change.entries ?? entries).slice(0, change.size)
      const { tiles } = edgeOf(list)
      const files = new Map(tiles.map((tile) => [formatTilePath(tile), tile.bytes]))
      for (const tile of tilesOfSize(list.length).filter(({ level }) => level === 0)) {
        const from = tile.index * tileWidth
        const bundle = formatEntryBundle(list.slice(from, from + tile.width))
        files.set(formatTilePath({ ...tile, level: 'entries' }), bundle)
      }
      const noteOf = (size: number, signer = logSigner) => {
        const root = edgeRoot(edgeOf(list.slice(0, size)).edge, sha256)
        return signCheckpoint({ origin, size, root }, signer, sha256)
      }
      const cosigned = (note: string, at: number) => {
        const text = note.slice(0, note.indexOf('\n\n') + 1)
        return addSignatures(note, [cosign(text, { ...witness, seconds: Math.floor(at / 1_000) }, sha256)])
      }
      const { kept = new Map<number, number>() } = change
      for (const [size, at] of kept)
        files.set(`checkpoints/${size}`, new TextEncoder().encode(cosigned(noteOf(size), at)))
      const signed = noteOf(list.length, change.signer)
      const signedAt = change.cosignedAt ?? times.findLast(({ index }) => index < list.length)?.at ?? t0
      const note = change.cosigned === false ? signed : cosigned(signed, signedAt)
      if (change.latest) {
        const of = change.latest.entries ?? list
        const older = log.source({ entries: of, size: change.latest.size })
        return {
          ...older,
          checkpoint: () => Promise.resolve(signed),
          async file(_year, path) {
            if (path !== 'checkpoints/latest') return files.get(path)
            return new TextEncoder().encode(await older.checkpoint(2026))
          },
        }
      }
      return {
        years: () => Promise.resolve([2026]),
        checkpoint: () => Promise.resolve(note),
        kept: () => Promise.resolve([...kept.keys()]),
        file: (_year, path) => Promise.resolve(files.get(path)),
      }
    },
  }

  entries.push(
    signRecord({
      kind: 'opening',
      payload: JSON.stringify({
        v: 1,
        origin,
        previous: null,
        keys: Object.values(staff).map((signer) => ({
          holder: signer.kid.split('#')[0],
          n: 1,
          alg: 'Ed25519',
          public: publicKey(signer),
          from: t0,
        })),
      }),
      signer: staff['operator'] as Signer,
    }),
  )
  admit(log)
  config.sha256 = recordDigest(log.record('config', site, { gateway, revision: 1, instruments: [] }), sha256)
  log.time(t0)
  return log
}

/** One gateway with one instrument. */
function admit(log: MemoryLog): void {
  const from = t0 - MINUTE
  log.record('key', 'installation', {
    holder: gateway,
    n: 1,
    alg: 'Ed25519',
    public: publicKey(gatewaySigner(gateway)),
    from,
  })
  log.record('epoch', 'installation', { gateway, epoch: 0, reason: 'first' })
  log.record('enrolment', site, {
    instrument,
    gateway,
    unit: 'unit-1' as never,
    from,
    names: { en: 'SEM' },
    class: 'general',
    alwaysOn: false,
    exclusive: true,
    prepMs: 0,
    postMs: 0,
  })
}

/** A quiet hour: twelve pages of run and standby, with a `time` record after each. */
export function honestHour(log = createMemoryLog()): MemoryLog {
  for (let i = 0; i < 12; i++) {
    log.append(log.page([[i % 3 === 0 ? 'standby' : 'run', 0, 5 * MINUTE]]))
    log.time(log.next.from + MINUTE)
  }
  return log
}

export { createSigner, logSigner, staff }
