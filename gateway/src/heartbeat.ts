import {
  type Clock,
  encodeStatus,
  type GatewayId,
  InstrumentId,
  type InstrumentSettings,
  type Seen,
  type SiteId,
  type Status,
  statusTopic,
} from '@hours/protocol'
import type { Alarms } from './alarms.ts'
import type { CalibrationWatch } from './calibration-watch.ts'
import { createDigests } from './config-inbox.ts'
import type { Logbook } from './logbook.ts'
import type { SourceWatch } from './source-watch.ts'
import type { Spool } from './spool.ts'
import { pageClock, type TimeKeeper } from './time-keeper.ts'
import type { Session } from './transport.ts'

export interface HeartbeatOptions {
  readonly site: SiteId
  readonly gateway: GatewayId
  readonly clock: Clock
  readonly software: string
  readonly spool: Spool
  readonly time: TimeKeeper
  readonly logbook: Logbook
  readonly watch: SourceWatch
  readonly calibration: CalibrationWatch | undefined
  readonly alarms: Alarms
  /** Of the YAML file. */
  readonly configured: readonly InstrumentSettings[]
  /** In force. */
  readonly settings: () => readonly InstrumentSettings[]
  readonly session: () => Session | undefined
  /** The newest checkpoint that has been verified. */
  readonly seen: () => Seen | null
}

/** What the gateway says of itself, now and then, as `status` (wire.md, section 2). */
export interface Heartbeat {
  readonly status: () => Status
  readonly beat: () => void
  /** A connection begins: what was on its way over the last one never comes back. */
  connected(): void
}

/** A heartbeat stays small: whole packets hold 64 KiB. */
const maxProposals = 32
const maxSettingsBytes = 32 * 1024
const maxAlarms = 64

export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { site, gateway, clock, time, logbook, watch, settings } = options
  const digestOf = createDigests()
  let beating = false
  const fits = JSON.stringify(options.configured).length <= maxSettingsBytes

  function status(): Status {
    const instruments: Status['instruments'] = {}
    const counters: Status['counters'] = {}
    for (const [id, book] of logbook.instruments) {
      const { state, since, mw } = book.current()
      instruments[InstrumentId.parse(id)] = [state, since > 0 ? since : clock.wall(), mw]
      const tally = watch.tally(book.settings)
      if (tally) counters[InstrumentId.parse(id)] = tally
    }
    return {
      v: 1,
      online: true,
      at: clock.wall(),
      software: options.software,
      config: {
        ...logbook.config(),
        differs: digestOf(settings()) !== digestOf(options.configured),
      },
      spool: options.spool.state(),
      seen: options.seen(),
      clock: pageClock(time.checkpoint(), time.mono(), 0),
      instruments,
      ...(Object.keys(counters).length > 0 ? { counters } : {}),
      ...proposed(),
      ...ownFile(),
      alarms: options.alarms.standing().slice(0, maxAlarms),
    }
  }

  /** Those that would change something come first. */
  function proposed(): Pick<Status, 'proposals'> {
    const all = [...(options.calibration?.proposals() ?? [])].sort(
      ([, a], [, b]) => Number(b.differs) - Number(a.differs),
    )
    if (all.length === 0) return {}
    return { proposals: Object.fromEntries(all.slice(0, maxProposals)) }
  }

  /** Until a `config` record is in force the site knows no more of our sources than we tell. */
  function ownFile(): Pick<Status, 'settings'> {
    if (logbook.config().revision > 0 || !fits) return {}
    return { settings: [...options.configured] }
  }

  function beat(): void {
    const session = options.session()
    // One at a time: a heartbeat that is not acknowledged yet says enough.
    if (!session || beating) return
    beating = true
    session
      .publish(statusTopic(site, gateway), encodeStatus(status()), { retain: true })
      .catch(() => undefined)
      .finally(() => (beating = false))
  }

  return { status, beat, connected: () => void (beating = false) }
}
