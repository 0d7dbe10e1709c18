import { maxFutureMs } from '@hours/ledger'
import {
  type Clock,
  decodePowerReport,
  decodeStateEvent,
  decodeStatus,
  type InstrumentId,
  instrumentKey,
  type Millis,
  MINUTE,
  type PowerReport,
  type SiteId,
  type Status,
  type Topic,
  type UpMessage,
} from '@hours/protocol'
import type { ClockGuard } from './clock-guard.ts'
import type { CounterStore } from './counter-store.ts'
import type { LiveWriter } from './live.ts'
import type { Ingest } from './ports.ts'
import type { PowerStoreWriter } from './power-store.ts'
import type { Receipts } from './receipts.ts'
import type { RegistryWriter } from './registry/registry.ts'

/** Puts a message into quarantine with the reason. */
export type PutAside = (
  message: UpMessage,
  gateway: string,
  why: { readonly code: string; readonly message: string },
) => void

/** What is no evidence and never logged: states for the live view, heartbeats, minutes of power for charts. */
export interface Unlogged {
  /** Any message but a page; what listeners of power make of it is waited for. */
  take(message: UpMessage, topic: Topic): Promise<void> | undefined
  readonly onPower: Ingest['onPower']
  /** Of each kind taken since the start. */
  counts(): { readonly power: number; readonly events: number; readonly statuses: number }
}

export function createUnlogged(options: {
  readonly clock: Clock
  readonly guard: Pick<ClockGuard, 'behind'>
  readonly registry: RegistryWriter
  readonly live: LiveWriter
  readonly power: PowerStoreWriter
  readonly counters: Pick<CounterStore, 'put'>
  readonly receipts: Receipts
  readonly aside: PutAside
}): Unlogged {
  const { clock, guard, registry, live, power, counters, receipts, aside } = options
  const counts = { power: 0, events: 0, statuses: 0 }
  /** By gateway, the instrument of others that its last heartbeat named. */
  const strangers = new Map<string, string>()
  const powerListeners = new Set<Parameters<Ingest['onPower']>[0]>()

  function take(message: UpMessage, topic: Topic): Promise<void> | undefined {
    const { site, gateway, kind, instrument } = topic
    // What is sent down comes back from a broker that ingest subscribes to with a wildcard.
    if (kind === 'receipt' || kind === 'config') return undefined
    if (registry.site(gateway) !== site)
      aside(message, gateway, {
        code: 'unknown_gateway',
        message: `${gateway} is not enrolled at ${site}`,
      })
    else if (kind === 'power') return takePower(message, topic)
    else if (kind === 'status') takeStatus(message, topic)
    else if (instrument === undefined || !isKnown(topic, instrument))
      aside(message, gateway, strange(instrument ?? '', topic))
    else takeState(message, topic, instrument)
    return undefined
  }

  function takeStatus(message: UpMessage, topic: Topic): void {
    const { site, gateway } = topic
    const status = decodeStatus(message.payload)
    if (!status.ok) {
      aside(message, gateway, status.error)
      return
    }
    counts.statuses += 1
    live.status(site, gateway, ownOf(status.value, topic, message))
    takeCounters(status.value, topic)
    if (status.value.seen !== undefined) receipts.holds(gateway, status.value.seen)
  }

  /** What is told of others' instruments, or of the future, is nobody's word. */
  function takeCounters({ counters: told = {} }: Status, { site, gateway }: Topic): void {
    const latest = now() + maxFutureMs
    for (const [id, tally] of Object.entries(told)) {
      const { from, to } = tally
      if (to <= latest && to > from && registry.isEnrolled({ site, gateway, from, to }, id))
        counters.put(instrumentKey(site, id as InstrumentId), tally)
    }
  }

  /** Of its own instruments alone: a gateway that names others must not speak for them. */
  function ownOf(status: Status, topic: Topic, message: UpMessage): Status {
    const all = Object.entries(status.instruments ?? {})
    const [stranger] = all.find(([id]) => !isKnown(topic, id)) ?? []
    if (stranger === undefined) {
      strangers.delete(topic.gateway)
      return status
    }
    // Once, not with each heartbeat of an instrument whose enrolment has ended.
    if (strangers.get(topic.gateway) !== stranger) aside(message, topic.gateway, strange(stranger, topic))
    strangers.set(topic.gateway, stranger)
    return { ...status, instruments: Object.fromEntries(all.filter(([id]) => isKnown(topic, id))) }
  }

  function takeState(message: UpMessage, { site, gateway }: Topic, instrument: InstrumentId): void {
    const event = decodeStateEvent(message.payload)
    if (event.ok) {
      counts.events += 1
      live.state(site, gateway, instrument, event.value)
    } else aside(message, gateway, event.error)
  }

  const isKnown = ({ site, gateway }: Topic, instrument: string) => {
    const now = clock.wall()
    return registry.isEnrolled({ site, gateway, from: now, to: now + 1 }, instrument)
  }

  const strange = (instrument: string, { gateway }: Topic) => ({
    code: 'unknown_instrument',
    message: `"${instrument}" is not enrolled at ${gateway}`,
  })

  function takePower(message: UpMessage, topic: Topic): Promise<void> | undefined {
    const report = decodePowerReport(message.payload)
    if (!report.ok) {
      aside(message, topic.gateway, report.error)
      return undefined
    }
    const ahead = aheadOfNow(report.value)
    if (ahead > maxFutureMs) {
      aside(message, topic.gateway, {
        code: 'future',
        message: `its last minute ends ${ahead} ms after now; set the gateway's clock`,
      })
      return undefined
    }
    counts.power += 1
    return tell(topic.site, { ...report.value, instruments: takenOf(report.value, topic, message) })
  }

  /** Those that stood at the gateway in these minutes, wherever they stand now. */
  function takenOf({ from, instruments }: PowerReport, topic: Topic, message: UpMessage) {
    return instruments.filter(({ id, mw, mwh }) => {
      const to = from + mw.length * MINUTE
      const stood = registry.isEnrolled({ site: topic.site, gateway: topic.gateway, from, to }, id)
      if (stood) power.put(instrumentKey(topic.site, id), from, mw, mwh)
      else aside(message, topic.gateway, strange(id, topic))
      return stood
    })
  }

  function tell(site: SiteId, report: PowerReport): Promise<void> | undefined {
    if (report.instruments.length === 0) return undefined
    const told = [...powerListeners].flatMap((listener) => listener(site, report) ?? [])
    return told.length > 1 ? Promise.all(told).then(() => undefined) : told[0]
  }

  /** As far as this machine's own clock can be believed. */
  const now = () => clock.wall() + guard.behind()

  /** By how much a report speaks of the future, ms. */
  function aheadOfNow({ from, instruments }: PowerReport): Millis {
    const minutes = Math.max(0, ...instruments.map(({ mw }) => mw.length))
    return from + minutes * MINUTE - now()
  }

  return {
    take,
    onPower(listener) {
      powerListeners.add(listener)
      return () => void powerListeners.delete(listener)
    },
    counts: () => ({ ...counts }),
  }
}
