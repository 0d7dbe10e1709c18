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
const defaultEveryMs = 1_000
const maxRejected = 64
/** Epochs of which refusals wait at once: bytes that were refused may claim any. */
const maxBoxes = 8
/** Bases that are tried at a time when it is not known which checkpoint the gateway holds, and remembered at all. */
const maxTries = 12
const maxBases = 64

/** Sends receipts: collects what is owed to each gateway and answers at most once a second. */
export interface Receipts {
  /** A page is in the log. */
  logged(to: Addressee, page: { seq: number; position: Position; seen: Seen | null; again: boolean }): void
  /** The gateway says which checkpoint is the newest it has verified. */
  holds(gateway: GatewayId, seen: Seen | null): void
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
  /** Sizes of checkpoints that were sent to it since the one its pages name, ascending; any of them may be its own. */
  sent: { origin: string; size: number }[]
  /** What its last heartbeat said it holds; may be old where a broker retained it, or less where its disk was changed. */
  told: Seen | null
  /** The newest checkpoint that its pages or heartbeats have named. */
  named: { origin: string; size: number } | undefined
  /** It asked again: then some of what was sent has not arrived. */
  unsure: boolean
  /** Where among the older ones the next tries begin. */
  tried: number
  lastSent: Millis
  waiting: (() => void) | undefined
}

export interface ReceiptOptions {
  readonly clock: Clock
  readonly log: EvidenceLogWriter
  readonly service: Signer
  /** At most one receipt a gateway in this time; default 1 s. */
  readonly receiptEveryMs?: Millis | undefined
  readonly chain: (gateway: string, epoch: number) => ChainState
  readonly onError: (error: unknown) => void
}

export function createReceipts(options: ReceiptOptions): Receipts {
  const { clock, log, service, receiptEveryMs = defaultEveryMs } = options
  const gateways = new Map<string, GatewayState>()
  let publish: PublishDown | undefined
  let sent = 0
  let closed = false

  function stateOf(gateway: string): GatewayState {
    const known = gateways.get(gateway)
    if (known) return known
    const fresh: GatewayState = {
      boxes: new Map(),
      sent: [],
      named: undefined,
      told: null,
      unsure: false,
      tried: 0,
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

  /**
   * Which checkpoint the gateway holds is not always known. Bare receipts, without pages, try the less likely ones
   * first: the right one brings it to this checkpoint, and then the receipt proper holds whatever its base is.
   */
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
    const { likely, others } = basesOf(state, origin, size)
    const put = (base: number, content: Pick<typeof common, 'pages' | 'rejected'>) => {
      const consistency = base === 0 ? [] : log.growth(year, base, size)
      const receipt = buildReceipt({ ...common, ...content, base, consistency }, service)
      sent += 1
      publish?.(receiptTopic(to.site, to.gateway), receipt, { retain: false }).catch(options.onError)
    }
    for (const base of others) put(base, { pages: [], rejected: [] })
    put(likely, common)
    state.sent = [...state.sent.filter((one) => one.origin !== origin || one.size !== size), { origin, size }]
    state.sent = state.sent.slice(-maxBases)
    state.unsure = false
  }

  return {
    logged(to, { seq, position, seen, again }) {
      const state = stateOf(to.gateway)
      boxOf(to).pages.set(seq, position)
      if (again) state.unsure = true
      if (seen && !again) name(state, seen)
      schedule(to.gateway)
    },
    holds(gateway, seen) {
      const state = stateOf(gateway)
      state.told = seen
      // A status that a broker has retained may be of last year.
      if (seen && (state.named?.origin ?? seen.origin) === seen.origin) name(state, seen)
    },
    refused(to, refusal) {
      const { boxes } = stateOf(to.gateway)
      if (!boxes.has(to.epoch) && boxes.size >= maxBoxes) return
      const { rejected } = boxOf(to)
      if (rejected.some((one) => one.seq === refusal.seq && one.code === refusal.code)) return
      // Whoever is owed more than a receipt holds sends the others again.
      if (rejected.length >= maxRejected) return
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

/** A page names a checkpoint that its gateway has verified: nothing older is its newest any more. */
function name(state: GatewayState, { origin, size }: Seen): void {
  const known = state.named
  if (known?.origin === origin && known.size >= size) return
  state.named = { origin, size }
  state.sent = state.sent.filter((one) => one.origin !== origin || one.size > size)
  state.tried = 0
}

/** Sizes to prove consistency from: the newest sent, and the named one or, when unsure, all that lie between. */
function basesOf(state: GatewayState, origin: string, size: number): { likely: number; others: number[] } {
  const sentSizes = state.sent
    .filter((one) => one.origin === origin && one.size <= size)
    .map((one) => one.size)
  // A gateway that has seen nothing of this log wants an empty proof.
  const named = state.named?.origin === origin && state.named.size <= size ? state.named.size : 0
  const likely = sentSizes.at(-1) ?? named
  if (!state.unsure) return { likely, others: named === likely ? [] : [named] }
  const between = sentSizes.filter((one) => one !== likely && one !== named).toReversed()
  const told = state.told?.origin === origin && state.told.size <= size ? state.told.size : 0
  const from = state.tried % Math.max(1, between.length)
  state.tried = from + maxTries
  return {
    likely,
    others: [...new Set([named, told, ...between.slice(from, from + maxTries)])].filter(
      (one) => one !== likely,
    ),
  }
}
