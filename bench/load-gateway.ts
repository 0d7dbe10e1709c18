import {
  isHarmlessReceiptCode,
  recordDigest,
  type ReceiptContext,
  signRecord,
  verifyReceipt,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  encodePage,
  encodePowerReport,
  encodeStateEvent,
  encodeStatus,
  type Millis,
  MINUTE,
  type PageSpan,
  pageTopic,
  powerTopic,
  receiptTopic,
  type Seen,
  type Span,
  type State,
  stateTopic,
  statusTopic,
} from '@hours/protocol'
import { type BenchGateway, gatewayPassword, site } from './fleet.ts'
import { connectLoad, type LoadClient } from './mqtt-load.ts'

export const loadPageMs = 5 * MINUTE

/** What a gateway does at a moment of simulated time. */
export interface Action {
  readonly at: Millis
  readonly run: () => void
}

/** An honest gateway: pages, power, states and heartbeats at the cadence of a real one, and the truth about them. */
export interface LoadGateway extends BenchGateway {
  readonly pages: number
  /** Its first page begins at `from`. */
  begin(from: Millis): void
  from(): Millis
  to(): Millis
  /** Bytes of the page it sent last. */
  readonly newest: () => Uint8Array | undefined
  connect(port: number): Promise<void>
  /** Everything it does in page `n`, which begins at `from + n` pages. */
  plan(n: number): Action[]
  /** Spans of each instrument over [from, to). */
  truth(i: number): readonly Span[]
  /** Last state that was told of each instrument. */
  last(i: number): State
  /** ms from sending a page to its receipt, verified. */
  readonly latencies: number[]
  /** Pages without a receipt. */
  waiting(): number
  /** What should not have happened to an honest gateway. */
  readonly troubles: string[]
  close(): void
}

export interface LoadGatewayOptions {
  readonly pages: number
  readonly random: () => number
  readonly trust: () => Pick<ReceiptContext, 'logs' | 'service'>
}

export function createLoadGateway(one: BenchGateway, options: LoadGatewayOptions): LoadGateway {
  const { gateway, signer, instruments } = one
  const { pages, random } = options
  let from: Millis = 0
  let newest: Uint8Array | undefined
  const truths = instruments.map((): Span[] => [])
  const counters = instruments.map(() => ({ on: 0, run: 0 }))
  const states = instruments.map((): State => 'unknown')
  const sent = new Map<number, { bytes: Uint8Array; at: number }>()
  const latencies: number[] = []
  const troubles: string[] = []
  let seen: Seen[] = []
  let prev: string | null = null
  let client: LoadClient | undefined
  let closing = false

  const put = (topic: string, text: string | Uint8Array, retain = false) =>
    client?.send({ topic, payload: typeof text === 'string' ? Buffer.from(text) : text, retain })

  function page(n: number, spans: readonly PageSpan[][]): void {
    const begin = from + n * loadPageMs
    const listed = instruments.map((id, i) => {
      const counter = counters[i] ?? { on: 0, run: 0 }
      for (const [state, a, b] of spans[i] ?? []) {
        if (state !== 'off') counter.on += b - a
        if (state === 'run') counter.run += b - a
      }
      return {
        id,
        spans: spans[i] ?? [],
        onMs: counter.on,
        runMs: counter.run,
        mwh: (n + 1) * 75_000,
        mw: [310_000, 905_000, 1_420_000] as [number, number, number],
        samples: 300,
        rejected: 0,
      }
    })
    const payload = encodePage({
      v: 1,
      site,
      gateway,
      epoch: 0,
      seq: n,
      prev,
      from: begin,
      to: begin + loadPageMs,
      boot: 1,
      mono: [n * loadPageMs, (n + 1) * loadPageMs],
      clock: { source: 'sim', offsetMs: 0, errorMs: 10, steppedMs: 0 },
      seen: seen[0] ?? null,
      spool: { pages: 0, oldest: null, dropped: 0 },
      software: 'bench',
      config: { revision: 1, sha256: '' },
      instruments: listed,
    })
    const bytes = signRecord({ kind: 'page', payload, signer })
    prev = recordDigest(bytes, nodeCrypto.sha256)
    newest = bytes
    sent.set(n, { bytes, at: performance.now() })
    put(pageTopic(site, gateway), bytes)
  }

  function power(n: number): void {
    const minutes = Array.from({ length: 5 }, (_, m): [number, number, number] => [m, 900_000 + n, 1_000_000])
    const whole = Math.floor((from + n * loadPageMs) / MINUTE) * MINUTE
    const listed = instruments.map((id) => ({ id, mw: minutes, mwh: 75_000 }))
    put(
      powerTopic(site, gateway),
      encodePowerReport({ v: 1, from: whole, stepMs: 60_000, instruments: listed }),
    )
  }

  function tell(i: number, state: State, at: Millis): void {
    states[i] = state
    const id = instruments[i]
    if (id === undefined) return
    const event = { v: 1 as const, state, since: at, at, mw: 900_000, why: 'power' as const }
    put(stateTopic(site, gateway, id), encodeStateEvent(event), true)
  }

  const heartbeat = (at: Millis) =>
    put(
      statusTopic(site, gateway),
      encodeStatus({
        v: 1,
        online: true,
        at,
        software: 'bench',
        spool: { pages: sent.size, oldest: null, dropped: 0 },
        instruments: Object.fromEntries(
          instruments.map((id, i) => [id, [states[i] ?? 'unknown', at, 900_000]]),
        ),
      }),
      true,
    )

  function take(bytes: Uint8Array): void {
    const receipt = verifyReceipt(bytes, {
      crypto: nodeCrypto,
      gateway,
      ...options.trust(),
      seen,
      pageBytes: (_epoch, seq) => sent.get(seq)?.bytes,
    })
    if (!receipt.ok) {
      if (!isHarmlessReceiptCode(receipt.error.code)) troubles.push(`receipt: ${receipt.error.message}`)
      return
    }
    seen = [receipt.value.seen, ...seen].slice(0, 8)
    for (const seq of receipt.value.released) {
      latencies.push(performance.now() - (sent.get(seq)?.at ?? 0))
      sent.delete(seq)
    }
    for (const { seq, code } of receipt.value.rejected) troubles.push(`page ${seq} refused: ${code}`)
  }

  return {
    ...one,
    pages,
    begin(at) {
      from = at
    },
    from: () => from,
    to: () => from + pages * loadPageMs,
    newest: () => newest,
    latencies,
    troubles,
    truth: (i) => truths[i] ?? [],
    last: (i) => states[i] ?? 'unknown',
    waiting: () => sent.size,
    async connect(port) {
      client = await connectLoad({
        port,
        clientId: gateway,
        username: gateway,
        password: gatewayPassword,
      })
      client.onMessage((topic, payload) => {
        if (topic.endsWith('/receipt')) take(payload)
      })
      void client.ended.then(() => closing || troubles.push('the broker closed the connection'))
      await client.subscribe(receiptTopic(site, gateway))
    },
    plan(n) {
      const begin = from + n * loadPageMs
      const spans = instruments.map(() => pageSpans(random))
      const actions: Action[] = []
      for (const [i, list] of spans.entries())
        for (const [state, a, b] of list) {
          join(truths[i] ?? [], { state, from: begin + a, to: begin + b })
          actions.push({ at: begin + a, run: () => tell(i, state, begin + a) })
        }
      for (let at = begin; at < begin + loadPageMs; at += 30_000)
        actions.push({ at, run: () => heartbeat(at) })
      const end = begin + loadPageMs
      actions.push({ at: end, run: () => page(n, spans) }, { at: end, run: () => power(n) })
      return actions
    },
    close() {
      closing = true
      client?.close()
    },
  }
}

/** One or two states that fill a page. */
function pageSpans(random: () => number): PageSpan[] {
  const all = ['run', 'standby', 'off', 'fault'] as const
  const pick = () => all[Math.floor(random() * all.length)] ?? 'run'
  const [first, second, cut] = [pick(), pick(), Math.floor(random() * loadPageMs)]
  if (first === second || cut === 0) return [[first, 0, loadPageMs]]
  return [
    [first, 0, cut],
    [second, cut, loadPageMs],
  ]
}

/** Appends a span; one of the same state goes on. */
function join(truth: Span[], span: Span): void {
  const last = truth.at(-1)
  if (last?.state === span.state && last.to === span.from) truth[truth.length - 1] = { ...last, to: span.to }
  else truth.push(span)
}
