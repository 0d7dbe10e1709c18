import {
  buildReceipt,
  createVkey,
  formatVkey,
  type HashReader,
  leafHash,
  nodeHash,
  noteType,
  parseRecord,
  proveConsistency,
  proveInclusion,
  type ReceiptParts,
  signCheckpoint,
  type Signer,
  treeRoot,
} from '@hours/ledger'
import { createSigner, generateKey, nodeCrypto } from '@hours/ledger/node'
import { decodePage, type GatewayConfig, type GatewayId, type Page } from '@hours/protocol'
import type { Connect, SessionHandlers } from './transport.ts'

const { sha256 } = nodeCrypto

/** The other end of the wire, made of the real ledger: takes pages, logs them, signs receipts when asked to. */
export interface Peer {
  readonly connect: Connect
  readonly trust: NonNullable<GatewayConfig['trust']>
  readonly operator: Signer
  /** Every page message as it came. */
  readonly sent: Uint8Array[]
  /** Other messages: topic and payload. */
  readonly others: { readonly topic: string; readonly payload: string }[]
  /** Whether connections are accepted, and whether pages are acknowledged. */
  up: boolean
  acknowledge: boolean
  /** How many clients are connected. */
  connections(): number
  /** Connected clients lose their connection. */
  cut(): void
  /** As when clients died: nobody is there to be told. */
  forget(): void
  /** A receipt for all pages logged so far; `change` spoils it. */
  receipt(change?: Partial<ReceiptParts>, service?: Signer, log?: Signer): Uint8Array
  send(topic: string, payload: Uint8Array): void
  /** Pages as the log has them, once each, in order. */
  pages(): Page[]
  /** Their bytes. */
  logged(): readonly Uint8Array[]
}

export function createPeer(gateway = 'gw-1'): Peer {
  const [logKey, service, operator] = ['log#0', 'service#1', 'operator#1'].map((kid) =>
    createSigner(kid, generateKey()),
  ) as [Signer, Signer, Signer]
  const origin = 'demo.test/2026'
  const entries: Uint8Array[] = []
  const sent: Uint8Array[] = []
  const others: { topic: string; payload: string }[] = []
  const live = new Set<SessionHandlers>()
  let seen = 0
  const key = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const b64u = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const peer: Peer = {
    up: true,
    acknowledge: true,
    sent,
    others,
    operator,
    trust: {
      logs: [formatVkey(createVkey(origin, noteType.ed25519, logKey.publicKey, sha256))],
      service: [{ kid: service.kid, public: b64u(service.publicKey) }],
      operator: [{ kid: operator.kid, public: b64u(operator.publicKey) }],
    },
    connect(handlers) {
      if (!peer.up) return Promise.reject(new Error('refused'))
      live.add(handlers)
      return Promise.resolve({
        publish(topic, payload) {
          if (!live.has(handlers)) return Promise.reject(new Error('closed'))
          if (!topic.endsWith('/page')) {
            others.push({ topic, payload: Buffer.from(payload).toString() })
            return Promise.resolve()
          }
          const bytes = Buffer.from(payload)
          sent.push(bytes)
          if (!entries.some((one) => key(one) === key(bytes))) entries.push(bytes)
          return peer.acknowledge ? Promise.resolve() : new Promise(() => undefined)
        },
        subscribe: () => Promise.resolve(),
        end() {
          live.delete(handlers)
          return Promise.resolve()
        },
      })
    },
    connections: () => live.size,
    cut() {
      const gone = [...live]
      live.clear()
      for (const one of gone) one.onClose()
    },
    forget: () => live.clear(),
    receipt(change = {}, by = service, log = logKey) {
      const hashes = entries.map((entry) => leafHash(entry, sha256))
      const size = hashes.length
      const read = readerOf(hashes)
      const root = treeRoot(hashes, sha256)
      const pages = peer
        .pages()
        .map(({ seq }, index) => ({ seq, index, proof: proveInclusion(index, size, read, sha256) }))
      const parts: ReceiptParts = {
        gateway: gateway as GatewayId,
        epoch: peer.pages()[0]?.epoch ?? 0,
        through: size - 1,
        missing: [],
        rejected: [],
        checkpoint: signCheckpoint({ origin, size, root }, log, sha256),
        consistency: seen === 0 || seen === size ? [] : proveConsistency(seen, size, read, sha256),
        pages: pages.slice(-32),
        ...change,
      }
      if (Object.keys(change).length === 0 && by === service && log === logKey) seen = size
      return buildReceipt(parts, by)
    },
    send(topic, payload) {
      for (const one of live) one.onMessage(topic, payload)
    },
    pages: () => entries.map(pageOf),
    logged: () => entries,
  }
  return peer
}

export function pageOf(bytes: Uint8Array): Page {
  const record = parseRecord(bytes)
  if (!record.ok) throw new Error(record.error.message)
  const page = decodePage(record.value.payload)
  if (!page.ok) throw new Error(page.error.message)
  return page.value
}

function readerOf(leaves: readonly Uint8Array[]): HashReader {
  const read: HashReader = (level, index) =>
    level === 0
      ? (leaves[index] ?? new Uint8Array())
      : nodeHash(read(level - 1, index * 2), read(level - 1, index * 2 + 1), sha256)
  return read
}
