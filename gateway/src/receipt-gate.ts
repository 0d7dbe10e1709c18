import {
  isHarmlessReceiptCode,
  type LedgerCode,
  parseBase64url,
  parseRecord,
  parseVkey,
  type ReceiptContext,
  verifyReceipt,
  verifyRecord,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import type { Clock, GatewayConfig, Seen } from '@hours/protocol'
import { GatewayError } from './gateway-error.ts'
import { readJson } from './open-state.ts'
import type { Spool } from './spool.ts'

export interface ReceiptGateOptions {
  readonly gateway: string
  readonly spool: Spool
  readonly clock: Clock
  /** Pinned at enrolment; without it no receipt can be verified and nothing is ever released. */
  readonly trust: GatewayConfig['trust']
  onAlarm(alarm: string, on: boolean): void
}

/** The only way out of the spool: a receipt that has been verified wholly (evidence.md, decision 4). */
export interface ReceiptGate {
  /** Takes a receipt; returns the seqs (of `epoch`) that need not be sent again. */
  take(bytes: Uint8Array): { readonly epoch: number; readonly settled: readonly number[] } | undefined
  /** Pages of an epoch that the operator has not opened wait; nothing else is wrong with them. */
  isOpened(epoch: number): boolean
  /** Sends of an unopened epoch may be tried again. */
  tryAgain(): void
  /** The newest checkpoint this gateway has verified, of whatever year. */
  seen(): Seen | null
}

const keptSeen = 8
/** So many receipts in a row for an older tree than was seen: the log has been rolled back. */
const maxStale = 20

export function createReceiptGate(options: ReceiptGateOptions): ReceiptGate {
  const { gateway, spool, clock } = options
  const onAlarm = (alarm: string, on: boolean) => options.onAlarm(alarm, on)
  const context = contextOf(options)
  if (!context) onAlarm('no_trust', true)
  let seen = (readJson(spool.get('seen')) as Seen[] | undefined) ?? []
  /** Set for good when the service itself has shown a log that cannot be: the operator has to look. */
  let distrust = Buffer.from(spool.get('distrust') ?? '').toString()
  if (distrust !== '') onAlarm(`receipt_unverified:${distrust}`, true)
  const unopened = new Set<number>()
  let stale = 0
  /** Alarms over receipts that were not the service's own: the next good one ends them. */
  const doubts = new Set<string>()

  function refuse(bytes: Uint8Array, code: LedgerCode): void {
    const harmless = isHarmlessReceiptCode(code)
    if (harmless) stale += 1
    if (harmless && stale < maxStale) return
    const alarm = `receipt_unverified:${code}`
    onAlarm(alarm, true)
    // What the service has not signed says nothing about the log; what it has signed does.
    if (harmless || !context || !isSigned(bytes, context)) {
      doubts.add(alarm)
      return
    }
    distrust = code
    spool.set('distrust', code)
  }

  function remember(next: Seen): void {
    if (seen[0]?.origin === next.origin && seen[0].size === next.size) return
    seen = [next, ...seen].slice(0, keptSeen)
    spool.set('seen', JSON.stringify(seen))
  }

  function reject(epoch: number, refusals: readonly { seq: number; code: string; reason: string }[]): void {
    for (const { seq, code, reason } of refusals) {
      if (code === 'unopened_epoch') {
        unopened.add(epoch)
        onAlarm(`epoch_unopened:${epoch}`, true)
        continue
      }
      if (code === 'equivocation' || code === 'void') onAlarm(`epoch_void:${epoch}`, true)
      spool.refuse({ epoch, seq, at: clock.wall(), code, reason })
    }
    onAlarm('pages_refused', spool.refused().length > 0)
  }

  function take(bytes: Uint8Array, under: ReceiptContext): ReturnType<ReceiptGate['take']> {
    const receipt = verifyReceipt(bytes, under)
    if (!receipt.ok) {
      refuse(bytes, receipt.error.code)
      return undefined
    }
    const { epoch, released, rejected } = receipt.value
    stale = 0
    for (const alarm of doubts) onAlarm(alarm, false)
    doubts.clear()
    remember(receipt.value.seen)
    spool.release(epoch, released)
    if (released.length > 0 && unopened.delete(epoch)) onAlarm(`epoch_unopened:${epoch}`, false)
    reject(epoch, rejected)
    return { epoch, settled: [...released, ...rejected.map(({ seq }) => seq)] }
  }

  return {
    take(bytes) {
      if (!context || distrust !== '') return undefined
      try {
        return take(bytes, { ...context, seen })
      } catch {
        // The disk takes nothing: the pages stay, are sent again, and have another receipt then.
        onAlarm('spool_failed', true)
        return undefined
      }
    },
    isOpened: (epoch) => !unopened.has(epoch),
    tryAgain: () => unopened.clear(),
    seen: () => seen[0] ?? null,
  }

  function contextOf({ trust }: ReceiptGateOptions): Omit<ReceiptContext, 'seen'> | undefined {
    if (!trust) return undefined
    const logs = trust.logs.map((text, i) => {
      const key = parseVkey(text, nodeCrypto.sha256)
      if (!key.ok)
        throw new GatewayError(
          'bad_config',
          `trust.logs.${i}: "${text}": ${key.error.message}. Fix: the line enrolment printed.`,
        )
      return key.value
    })
    const service = trust.service.map(({ kid, public: text }, i) => {
      const publicKey = parseBase64url(text)
      if (publicKey?.length !== 32)
        throw new GatewayError(
          'bad_config',
          `trust.service.${i}.public: "${text}": not 32 bytes of base64url. Fix: the line enrolment printed.`,
        )
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
}

/** Whether a pinned key of the service has signed these bytes, whatever they say. */
function isSigned(bytes: Uint8Array, { service }: Pick<ReceiptContext, 'service'>): boolean {
  const record = parseRecord(bytes)
  if (!record.ok || record.value.kind !== 'receipt') return false
  return service.some((key) => key.kid === record.value.kid && verifyRecord(record.value, key, nodeCrypto))
}
