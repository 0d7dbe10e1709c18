import { isHarmlessReceiptCode, parseBase64url, parseVkey, recordDigest, verifyReceipt } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  type GatewayConfig,
  type Millis,
  type PageSpan,
  receiptTopic,
  type Seen,
  type Span,
} from '@hours/protocol'
import { connectAsync, type MqttClient } from 'mqtt'
import { createTestGateway, site, type TestGateway } from '../../ingest/src/ingest.fixture.ts'

export const gatewayPassword = 'a password of thirty-two bytes!!'
export const publisherInstruments = (gateway: string): string[] => [`${gateway}-a`, `${gateway}-b`]

/**
 * A gateway that makes pages without end, keeps each until a receipt that it has verified wholly, and knows what must
 * be found in the end. What was released is never sent again: if it is lost, it is lost, and the test sees it.
 */
export interface Publisher {
  readonly gateway: TestGateway
  pin(trust: NonNullable<GatewayConfig['trust']>): void
  /** Publishes until the connection ends or `stop` is called. */
  publish(port: number): Promise<void>
  /** Makes no more pages; `publish` resolves when every page has its receipt. */
  stop(): void
  /** Pages that were acknowledged (PUBACK), those with a receipt, receipts that were verified. */
  counts(): { made: number; acknowledged: number; receipted: number; receipts: number }
  /** Digests of the pages that were acknowledged. */
  acknowledged(): ReadonlySet<string>
  /** What the receipts said that is no harmless crossing: a fork, another key. */
  readonly alarms: string[]
  /** Refusals in receipts. */
  readonly refusals: string[]
  /** Where its first page begins. */
  readonly from: Millis
  /** What the site must say of an instrument from there to `gateway.at()`. */
  truth(instrument: string): Span[]
}

/** Pages that may be without a receipt at a time. */
const window = 64
/** Real pages are of minutes; these follow real time, for a page that is older than what it has seen counts as unknown. */
const pageMs = 50
/** The site refuses what ends more than a minute ahead. */
const aheadMs = 50_000

export function createPublisher(id: string, random: () => number): Publisher {
  const from = Date.now()
  const gateway = createTestGateway(id, from)
  const instruments = publisherInstruments(id)
  const spool = new Map<number, { bytes: Uint8Array; digest: string }>()
  const truths = new Map(instruments.map((name) => [name, [] as Span[]]))
  const done = new Set<string>()
  const [alarms, refusals]: [string[], string[]] = [[], []]
  const counts = { made: 0, receipted: 0, receipts: 0 }
  let trust: NonNullable<GatewayConfig['trust']>
  let seen: Seen[] = []
  let stopped = false
  let wake: () => void = () => undefined

  function make(): void {
    const late = Date.now() - gateway.at()
    if (late > 0) {
      for (const truth of truths.values()) addTruth(truth, gateway.at(), [], late)
      gateway.skip(late)
    }
    const at = gateway.at()
    const spans = Object.fromEntries(instruments.map((name) => [name, spansOf(random)]))
    const mono: [number, number] = [at - from, at - from + pageMs]
    const bytes = gateway.page(spans, { seen: seen[0] ?? null, to: at + pageMs, mono })
    for (const [name, list] of Object.entries(spans)) addTruth(truths.get(name) ?? [], at, list)
    spool.set(counts.made, { bytes, digest: recordDigest(bytes, nodeCrypto.sha256) })
    counts.made += 1
  }

  function take(bytes: Uint8Array): void {
    const logs = trust.logs.map((text) => parseVkey(text, nodeCrypto.sha256))
    const service = trust.service.map(({ kid, public: text }) => ({
      kid,
      alg: 'Ed25519' as const,
      publicKey: parseBase64url(text) ?? new Uint8Array(),
    }))
    const receipt = verifyReceipt(bytes, {
      crypto: nodeCrypto,
      gateway: id,
      logs: logs.flatMap((one) => (one.ok ? [one.value] : [])),
      service,
      seen,
      pageBytes: (_epoch, seq) => spool.get(seq)?.bytes,
    })
    if (!receipt.ok) {
      if (!isHarmlessReceiptCode(receipt.error.code)) alarms.push(receipt.error.message)
      return
    }
    counts.receipts += 1
    seen = [receipt.value.seen, ...seen].slice(0, 8)
    for (const seq of receipt.value.released) counts.receipted += spool.delete(seq) ? 1 : 0
    for (const { seq, code, reason } of receipt.value.rejected) refusals.push(`${seq} ${code}: ${reason}`)
    wake()
  }

  const firstHeld = () => [...spool.keys()][0] ?? counts.made

  async function send(client: MqttClient): Promise<void> {
    const ended = { yet: false }
    client.once('close', () => {
      ended.yet = true
      wake()
    })
    client.on('message', (_topic, payload) => take(payload))
    await client.subscribeAsync(receiptTopic(site, gateway.id), { qos: 1 })
    let next = firstHeld()
    let before = -1
    // As a gateway does after a minute: it asks again, and its next page names what it has seen since.
    const asking = setInterval(() => {
      if (counts.receipted === before && spool.size > 0) {
        make()
        next = firstHeld()
        wake()
      }
      before = counts.receipted
    }, 500)
    client.once('close', () => clearInterval(asking))
    while (!ended.yet && !(stopped && spool.size === 0)) {
      while (!stopped && spool.size < window && gateway.at() < Date.now() + aheadMs) make()
      const page = spool.get(next)
      if (page) put(client, page)
      if (next < counts.made) next += 1
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }

  function put(client: MqttClient, { bytes, digest }: { bytes: Uint8Array; digest: string }): void {
    client.publishAsync(gateway.topic, Buffer.from(bytes), { qos: 1 }).then(
      () => void done.add(digest),
      // The connection ended first; the page stays in the spool.
      () => undefined,
    )
  }

  return {
    gateway,
    from,
    pin: (to) => void (trust = to),
    async publish(port) {
      const options = { clientId: id, username: id, password: gatewayPassword, reconnectPeriod: 0 }
      const client = await connectAsync(`mqtt://127.0.0.1:${port}`, options, false)
      client.on('error', () => undefined)
      try {
        await send(client)
      } finally {
        client.end(true)
      }
    },
    stop() {
      stopped = true
      wake()
    },
    counts: () => ({ ...counts, acknowledged: done.size }),
    acknowledged: () => done,
    alarms,
    refusals,
    truth: (name) => truths.get(name) ?? [],
  }
}

/** One to three spans that fill a page, one of them unknown now and then. */
function spansOf(random: () => number): PageSpan[] {
  const states = ['run', 'standby', 'off', 'fault'] as const
  const cuts = [0, ...[random(), random()].map((x) => Math.floor(x * pageMs)).sort((a, b) => a - b), pageMs]
  const spans: PageSpan[] = []
  for (const [i, to] of cuts.slice(1).entries()) {
    const from = cuts[i] ?? 0
    const state = states[Math.floor(random() * states.length)] ?? 'run'
    const before = spans.at(-1)
    if (to > from && before?.[0] !== state && random() > 0.1) spans.push([state, from, to])
  }
  return spans
}

/** Appends a page's spans as the index gives them: merged, unknown where the page says nothing. */
function addTruth(truth: Span[], from: number, spans: readonly PageSpan[], length = pageMs): void {
  let at = from
  const put = (state: Span['state'], to: number) => {
    if (to === at) return
    const last = truth.at(-1)
    if (last?.state === state && last.to === at) truth[truth.length - 1] = { ...last, to }
    else truth.push({ state, from: at, to })
    at = to
  }
  for (const [state, begin, end] of spans) {
    put('unknown', from + begin)
    put(state, from + end)
  }
  put('unknown', from + length)
}
