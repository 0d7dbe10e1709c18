import {
  type Clock,
  configTopic,
  every,
  type GatewayId,
  pageTopic,
  powerTopic,
  receiptTopic,
  type SiteId,
  statusTopic,
} from '@hours/protocol'
import type { ReceiptGate } from './receipt-gate.ts'
import type { PageName, Spool } from './spool.ts'
import type { Connect, Session } from './transport.ts'

export interface PublisherOptions {
  readonly site: SiteId
  readonly gateway: GatewayId
  /** The network's clock: real time even where the gateway's is simulated, because networks take real time. */
  readonly net: Clock
  readonly spool: Spool
  readonly gate: ReceiptGate
  readonly connect: Connect
  readonly random: () => number
  readonly will: () => string
  onAlarm(alarm: string, on: boolean): void
  onConnected(session: Session): void
  onConfig(bytes: Uint8Array): void
}

/** Sends pages (and then power); what leaves the spool is for the receipt gate to say. */
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
/** Pages acknowledged but without receipt: ten receipts' worth, so that no broker has to queue a month. */
const maxWaiting = 320
/** A page without receipt for so long is sent again: that is the request for its receipt. */
const resendMs = 60_000
/** No PUBACK for so long: the connection is dead or the broker cannot commit. A new one tells. */
const stalledMs = 90_000
/** Pages of an epoch that is not open are tried again so often. */
const unopenedMs = 300_000
const beginning: PageName = { epoch: -1, seq: -1 }

export function createPublisher(options: PublisherOptions): Publisher {
  const { net, spool, site, gateway, gate } = options
  let session: Session | undefined
  let stopped = false
  let attempt = 0
  let inFlight = 0
  let lastAck = 0
  /** Sent and without receipt: when. */
  const waiting = new Map<string, number>()
  /** How far this connection has read the spool. */
  let cursor = beginning
  let powerInFlight = false
  let cancelRetry: (() => void) | undefined
  const stops: (() => void)[] = []

  const name = ({ epoch, seq }: PageName) => `${epoch}/${seq}`
  /** Asked again after an await: it may have changed meanwhile. */
  const isStopped = () => stopped

  async function open(): Promise<void> {
    try {
      const fresh = await options.connect({
        will: { topic: statusTopic(site, gateway), payload: options.will() },
        onMessage: receive,
        onClose: () => {
          if (session === undefined || session === fresh) lost()
        },
      })
      if (!isStopped()) await fresh.subscribe([receiptTopic(site, gateway), configTopic(site, gateway)])
      if (isStopped()) await fresh.end()
      else begin(fresh)
    } catch {
      lost()
    }
  }

  function begin(fresh: Session): void {
    session = fresh
    attempt = 0
    inFlight = 0
    powerInFlight = false
    lastAck = net.monotonic()
    cursor = beginning
    waiting.clear()
    options.onAlarm('broker_unreachable', false)
    options.onConnected(fresh)
    pump()
  }

  function lost(): void {
    session = undefined
    if (stopped || cancelRetry) return
    if (attempt > 2) options.onAlarm('broker_unreachable', true)
    // Full jitter from 1 s to 120 s, so that thousands of gateways do not come back in one second.
    const longest = Math.min(120_000, 2_000 * 2 ** Math.min(attempt, 6))
    attempt += 1
    cancelRetry = net.after(1_000 + Math.floor(options.random() * (longest - 1_000)), () => {
      cancelRetry = undefined
      void open()
    })
  }

  function pump(): void {
    const now = session
    if (!now || stopped) return
    while (inFlight < window && waiting.size < maxWaiting) {
      const page = spool.pageAfter(cursor)
      if (!page) break
      cursor = page
      // One page of an epoch that is not open asks for all of them.
      if (!gate.isOpened(page.epoch)) continue
      if (!waiting.has(name(page))) sendPage(now, page)
    }
    if (inFlight === 0) sendPower(now)
  }

  function sendPage(on: Session, page: PageName): void {
    const bytes = spool.pageBytes(page.epoch, page.seq)
    if (!bytes) return
    if (inFlight === 0) lastAck = net.monotonic()
    inFlight += 1
    waiting.set(name(page), net.monotonic())
    on.publish(pageTopic(site, gateway), bytes, { retain: false }).then(
      () => acknowledged(on),
      () => failed(on),
    )
  }

  function acknowledged(on: Session): void {
    if (session !== on) return
    inFlight -= 1
    lastAck = net.monotonic()
    pump()
  }

  /** What was not taken stays in the spool; a connection that does not take it is given up. */
  function failed(on: Session): void {
    if (session !== on) return
    lost()
    on.end().catch(() => undefined)
  }

  /** Goes round again from the oldest page that has waited too long for its receipt. */
  function resend(): void {
    const now = net.monotonic()
    const stalled = (inFlight > 0 || powerInFlight) && now - lastAck > stalledMs
    if (session && stalled) {
      failed(session)
      return
    }
    for (const [page, at] of waiting) if (now - at >= resendMs) waiting.delete(page)
    if (spool.pages() > waiting.size && !spool.pageAfter(cursor)) cursor = beginning
    pump()
  }

  /** Power is for charts: after the pages, one report at a time, and the PUBACK is enough to let it go. */
  function sendPower(on: Session): void {
    const report = powerInFlight ? undefined : spool.powerAfter(0)
    if (!report) return
    powerInFlight = true
    lastAck = net.monotonic()
    on.publish(powerTopic(site, gateway), report.bytes, { retain: false }).then(
      () => {
        if (session !== on) return
        powerInFlight = false
        if (released(report.id)) pump()
      },
      () => failed(on),
    )
  }

  /** On a disk that takes nothing the report stays, and is sent once more at the next round. */
  function released(id: number): boolean {
    try {
      spool.releasePower(id)
      return true
    } catch {
      options.onAlarm('spool_failed', true)
      return false
    }
  }

  function receive(topic: string, payload: Uint8Array): void {
    if (topic === configTopic(site, gateway)) options.onConfig(payload)
    if (topic !== receiptTopic(site, gateway)) return
    const taken = gate.take(payload)
    for (const seq of taken?.settled ?? []) waiting.delete(`${taken?.epoch ?? 0}/${seq}`)
    pump()
  }

  return {
    start() {
      void open()
      stops.push(
        every(net, resendMs / 6, resend),
        every(net, unopenedMs, () => gate.tryAgain()),
      )
    },
    wake: pump,
    session: () => session,
    async stop() {
      stopped = true
      cancelRetry?.()
      for (const end of stops) end()
      const last = session
      session = undefined
      await last?.end().catch(() => undefined)
    },
  }
}
