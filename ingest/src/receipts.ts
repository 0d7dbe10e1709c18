import { buildReceipt, chainThrough, type ChainState, missingSeqs, type Signer } from '@hours/ledger'
import {
  type Clock,
  type GatewayId,
  maxReceiptPages,
  type Millis,
  type PublishDown,
  type Receipt,
  receiptTopic,
  type Seen,
  type SiteId,
} from '@hours/protocol'
import type { EvidenceLogWriter } from './log/evidence-log.ts'
import type { Position } from './ports.ts'

/** At most one receipt a gateway in this time (records.md, section 7). */
const receiptEveryMs = 1_000
const maxRejected = 64
/** Bases that are tried when it is not known which checkpoint the gateway holds. */
const maxBases = 4

/** Sends receipts: collects what is owed to each gateway and answers at most once a second. */
export interface Receipts {
  /** A page is in the log. */
  logged(to: Addressee, page: { seq: number; position: Position; seen: Seen | null; again: boolean }): void
  /** A page was refused. */
  refused(to: Addressee, refusal: Receipt['rejected'][number]): void
  attach(publish: PublishDown): void
  sent(): number
  close(): void
}

export interface Addressee {
  readonly site: SiteId
  readonly gateway: GatewayId
  readonly epoch: number
}

interface Box {
  readonly to: Addressee
  readonly pages: Map<number, Position>
  readonly rejected: Receipt['rejected']
}

interface GatewayState {
  /** What is owed, by epoch. */
  readonly boxes: Map<number, Box>
  /** Checkpoints the gateway may hold, newest last: named by its pages, or sent to it. */
  bases: { origin: string; size: number }[]
  /** The checkpoint its newest page names. */
  named: { origin: string; size: number } | undefined
  unsure: boolean
  lastSent: Millis
  waiting: (() => void) | undefined
}

export interface ReceiptOptions {
  readonly clock: Clock
  readonly log: EvidenceLogWriter
  readonly service: Signer
  readonly chain: (gateway: string, epoch: number) => ChainState
  readonly onError: (error: unknown) => void
}

export function createReceipts(options: ReceiptOptions): Receipts {
  const { clock, log, service } = options
  const gateways = new Map<string, GatewayState>()
  let publish: PublishDown | undefined
  let sent = 0
  let closed = false

  function stateOf(gateway: string): GatewayState {
    const known = gateways.get(gateway)
    if (known) return known
    const fresh: GatewayState = {
      boxes: new Map(),
      bases: [],
      named: undefined,
      unsure: false,
      lastSent: Number.NEGATIVE_INFINITY,
      waiting: undefined,
    }
    gateways.set(gateway, fresh)
    return fresh
  }

  function boxOf(to: Addressee): Box {
    const state = stateOf(to.gateway)
    const known = state.boxes.get(to.epoch)
    if (known) return known
    const fresh: Box = { to, pages: new Map(), rejected: [] }
    state.boxes.set(to.epoch, fresh)
    return fresh
  }

  function schedule(gateway: string): void {
    const state = stateOf(gateway)
    if (state.waiting || closed || !publish) return
    const rest = Math.max(0, state.lastSent + receiptEveryMs - clock.monotonic())
    if (rest > 0) {
      state.waiting = clock.after(rest, () => send(gateway))
      return
    }
    const turn = setImmediate(() => send(gateway))
    state.waiting = () => clearImmediate(turn)
  }

  function send(gateway: string): void {
    const state = stateOf(gateway)
    state.waiting = undefined
    const [box] = state.boxes.values()
    if (!box || !publish || closed) return
    state.lastSent = clock.monotonic()
    const year = yearOf(box)
    const pages = [...box.pages]
      .filter(([, position]) => position.year === year)
      .sort(([a], [b]) => a - b)
      .slice(0, maxReceiptPages)
    const rejected = box.rejected.splice(0, maxRejected)
    for (const [seq] of pages) box.pages.delete(seq)
    if (box.pages.size === 0 && box.rejected.length === 0) state.boxes.delete(box.to.epoch)
    try {
      deliver(box.to, state, { year, pages, rejected })
    } catch (error) {
      options.onError(error)
    }
    if (state.boxes.size > 0) schedule(gateway)
  }

  /** One receipt a base: which checkpoint the gateway holds is not always known, and wrong ones do no harm. */
  function deliver(
    to: Addressee,
    state: GatewayState,
    content: { year: number; pages: [number, Position][]; rejected: Receipt['rejected'] },
  ): void {
    const { year, pages, rejected } = content
    const chain = options.chain(to.gateway, to.epoch)
    const size = log.size(year)
    const origin = log.origin(year)
    const common = {
      gateway: to.gateway,
      epoch: to.epoch,
      through: chainThrough(chain),
      missing: missingSeqs(chain),
      rejected,
      checkpoint: log.checkpoint(year),
      pages: pages.map(([seq, position]) => ({
        seq,
        index: position.index,
        proof: log.proof(position, size),
      })),
    }
    for (const base of basesOf(state, origin, size)) {
      const consistency = base === 0 ? [] : log.growth(year, base, size)
      const receipt = buildReceipt({ ...common, consistency }, service)
      sent += 1
      publish?.(receiptTopic(to.site, to.gateway), receipt, { retain: false }).catch(options.onError)
    }
    state.bases = [
      ...state.bases.filter((one) => one.origin !== origin || one.size !== size),
      { origin, size },
    ].slice(-8)
    state.unsure = false
  }

  return {
    logged(to, { seq, position, seen, again }) {
      const state = stateOf(to.gateway)
      boxOf(to).pages.set(seq, position)
      if (again) state.unsure = true
      const log = seen ? { origin: seen.origin, size: seen.size } : { origin: '', size: 0 }
      if (!again) state.named = log
      schedule(to.gateway)
    },
    refused(to, refusal) {
      const { rejected } = boxOf(to)
      if (!rejected.some((one) => one.seq === refusal.seq && one.code === refusal.code))
        rejected.push(refusal)
      schedule(to.gateway)
    },
    attach(to) {
      publish = to
      for (const gateway of gateways.keys()) schedule(gateway)
    },
    sent: () => sent,
    close() {
      closed = true
      for (const state of gateways.values()) state.waiting?.()
    },
  }

  function yearOf(box: Box): number {
    const [first] = box.pages.values()
    return first?.year ?? log.years().at(-1) ?? 0
  }
}

/** Sizes to prove consistency from: what was sent last, what its newest page names, and, when unsure, what lay between. */
function basesOf({ bases, named, unsure }: GatewayState, origin: string, size: number): number[] {
  const sentSizes = bases.filter((one) => one.origin === origin).map((one) => one.size)
  const namedSize = named?.origin === origin ? named.size : 0
  const candidates = [sentSizes.at(-1), namedSize, ...(unsure ? sentSizes.toReversed() : [])]
  const wanted = candidates.filter((one): one is number => one !== undefined && one <= size)
  // A gateway that has never seen this log wants an empty proof, as does one that holds this very size.
  return [...new Set(wanted)].slice(0, unsure ? maxBases : 2)
}
