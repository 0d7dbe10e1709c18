import {
  isHarmlessReceiptCode,
  type LedgerCode,
  parseVkey,
  parseBase64url,
  type ReceiptContext,
  verifyReceipt,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  type Clock,
  configTopic,
  type GatewayConfig,
  type GatewayId,
  pageTopic,
  powerTopic,
  receiptTopic,
  type Seen,
  type SiteId,
  statusTopic,
} from '@hours/protocol'
import type { Spool, SpooledPage } from './spool.ts'
import type { Connect, Session } from './transport.ts'

export interface PublisherOptions {
  readonly site: SiteId
  readonly gateway: GatewayId
  readonly clock: Clock
  readonly spool: Spool
  readonly connect: Connect
  /** Pinned at enrolment; without it no receipt can be verified and nothing is ever released. */
  readonly trust: GatewayConfig['trust']
  readonly random?: () => number
  readonly will: () => string
  onAlarm(alarm: string, on: boolean): void
  onConnected(session: Session): void
  onConfig(bytes: Uint8Array): void
}

/** Sends pages (and then power), lets go of a page only on a receipt it has verified (evidence.md, decision 4). */
export interface Publisher {
  start(): void
  /** Something new is in the spool. */
  wake(): void
  session(): Session | undefined
  /** Ends the connection cleanly. */
  stop(): Promise<void>
}

/** Pages without PUBACK at any time (wire.md, 1.6). */
const window = 32
/** A page acknowledged but without receipt for so long is sent again: that is the request for its receipt. */
const resendMs = 60_000
const keptSeen = 8

export function createPublisher(options: PublisherOptions): Publisher {
  const { clock, spool, site, gateway, random = Math.random } = options
  const context = receiptContext(options)
  let session: Session | undefined
  let stopped = false
  let attempt = 0
  let inFlight = 0
  /** Sent on this connection, without receipt: when it was acknowledged (Infinity until then). */
  const waiting = new Map<string, number>()
  /** How far this connection has read the spool. */
  let cursor = { epoch: -1, seq: -1 }
  let powerCursor = 0
  let powerInFlight = false
  let cancelRetry: (() => void) | undefined
  let cancelResend: (() => void) | undefined
  let suspended = false
  let harmless = 0

  const name = ({ epoch, seq }: { epoch: number; seq: number }) => `${epoch}/${seq}`

  /** Asked again after an await: it may have changed meanwhile. */
  const isStopped = () => stopped

  async function open(): Promise<void> {
    if (isStopped()) return
    try {
      const fresh = await options.connect({
        will: { topic: statusTopic(site, gateway), payload: options.will() },
        onMessage: receive,
        onClose: lost,
      })
      if (isStopped()) {
        await fresh.end()
        return
      }
      await fresh.subscribe([receiptTopic(site, gateway), configTopic(site, gateway)])
      session = fresh
      attempt = 0
      cursor = { epoch: -1, seq: -1 }
      powerCursor = 0
      waiting.clear()
      options.onAlarm('broker_unreachable', false)
      options.onConnected(fresh)
      pump()
    } catch {
      lost()
    }
  }

  function lost(): void {
    session = undefined
    inFlight = 0
    powerInFlight = false
    if (stopped || cancelRetry) return
    if (attempt > 2) options.onAlarm('broker_unreachable', true)
    // Full jitter from 1 s to 120 s, so that thousands of gateways do not come back in one second.
    const longest = Math.min(120_000, 2_000 * 2 ** Math.min(attempt, 6))
    attempt += 1
    cancelRetry = clock.after(1_000 + random() * Math.max(0, longest - 1_000), () => {
      cancelRetry = undefined
      void open()
    })
  }

  function pump(): void {
    const now = session
    if (!now || suspended) return
    while (inFlight < window) {
      const [page] = spool.pagesAfter(cursor.epoch, cursor.seq, 1)
      if (!page) break
      cursor = { epoch: page.epoch, seq: page.seq }
      if (!waiting.has(name(page))) sendPage(now, page)
    }
    if (inFlight === 0) sendPower(now)
  }

  function sendPage(on: Session, page: SpooledPage): void {
    inFlight += 1
    waiting.set(name(page), Infinity)
    on.publish(pageTopic(site, gateway), page.bytes, { retain: false }).then(
      () => {
        if (session !== on) return
        inFlight -= 1
        waiting.set(name(page), clock.monotonic())
        pump()
      },
      // The connection has ended; onClose brings a new one, and the page is still in the spool.
      () => undefined,
    )
    cancelResend ??= clock.after(resendMs, resend)
  }

  /** Starts over from the oldest page that has waited too long for its receipt. */
  function resend(): void {
    cancelResend = undefined
    const limit = clock.monotonic() - resendMs
    for (const [page, at] of waiting) if (at <= limit) waiting.delete(page)
    cursor = { epoch: -1, seq: -1 }
    if (spool.pages() > 0 && !stopped) cancelResend = clock.after(resendMs, resend)
    pump()
  }

  function sendPower(on: Session): void {
    const [report] = spool.powerAfter(powerCursor, 1)
    if (!report || powerInFlight) return
    powerInFlight = true
    on.publish(powerTopic(site, gateway), report.bytes, { retain: false }).then(
      () => {
        powerInFlight = false
        // Power is for charts: the PUBACK is enough to let it go.
        spool.releasePower(report.id)
        if (session === on) pump()
      },
      () => void (powerInFlight = false),
    )
    powerCursor = report.id - 1
  }

  function receive(topic: string, payload: Uint8Array): void {
    if (topic === configTopic(site, gateway)) options.onConfig(payload)
    else if (topic === receiptTopic(site, gateway)) takeReceipt(payload)
  }

  function takeReceipt(bytes: Uint8Array): void {
    if (!context) return
    const receipt = verifyReceipt(bytes, { ...context, seen: seenList(spool) })
    if (!receipt.ok) {
      refuseReceipt(receipt.error.code)
      return
    }
    harmless = 0
    const { epoch, released, rejected, seen } = receipt.value
    remember(seen)
    spool.release(epoch, released)
    for (const seq of released) waiting.delete(`${epoch}/${seq}`)
    for (const { seq, code, reason } of rejected) {
      spool.refuse({ epoch, seq, at: clock.wall(), code, reason })
      waiting.delete(`${epoch}/${seq}`)
    }
    options.onAlarm('pages_refused', spool.refused().length > 0)
    pump()
  }

  /** A receipt that does not hold: nothing is released any more, everything is kept, the operator is told. */
  function refuseReceipt(code: LedgerCode): void {
    if (isHarmlessReceiptCode(code)) {
      harmless += 1
      // A log that stays behind what was seen was rolled back.
      if (harmless >= 20) options.onAlarm(`receipt_unverified:${code}`, true)
      return
    }
    suspended = true
    options.onAlarm(`receipt_unverified:${code}`, true)
  }

  function remember(seen: Seen): void {
    const known = seenList(spool)
    if (known[0]?.origin === seen.origin && known[0].size === seen.size) return
    spool.set('seen', JSON.stringify([seen, ...known].slice(0, keptSeen)))
  }

  return {
    start: () => void open(),
    wake: pump,
    session: () => session,
    async stop() {
      stopped = true
      cancelRetry?.()
      cancelResend?.()
      const last = session
      session = undefined
      await last?.end().catch(() => undefined)
    },
  }
}

const seenList = (spool: Spool): Seen[] => {
  const bytes = spool.get('seen')
  return bytes === undefined ? [] : (JSON.parse(Buffer.from(bytes).toString()) as Seen[])
}

function receiptContext({
  trust,
  gateway,
  spool,
}: PublisherOptions): Omit<ReceiptContext, 'seen'> | undefined {
  if (!trust) return undefined
  const logs = trust.logs.map((text) => {
    const key = parseVkey(text, nodeCrypto.sha256)
    if (!key.ok) throw new Error(`trust.logs: ${key.error.message}`)
    return key.value
  })
  const service = trust.service.map(({ kid, public: text }) => {
    const publicKey = parseBase64url(text)
    if (!publicKey) throw new Error(`trust.service: ${kid}: not base64url`)
    return { kid, alg: 'Ed25519' as const, publicKey }
  })
  return {
    crypto: nodeCrypto,
    gateway,
    logs,
    service,
    pageBytes: (epoch, seq) => spool.pageBytes(epoch, seq),
  }
}
