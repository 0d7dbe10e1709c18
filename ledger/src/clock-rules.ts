import { DAY, type Millis, maxSealMs, MINUTE, type Page } from '@hours/protocol'
import type { Finding } from './page-verdict.ts'

/** A page may end at most this long after the clock of ingest (wire.md, section 3). */
export const maxFutureMs = 60_000
/** Arrival so long after a page's end is still `live` (R6). */
export const maxLiveMs = 20 * MINUTE
/** A step or an error above this is told, ms. */
const notableMs = 1_000
/** A gateway that may be wrong by more has no clock to speak of: it says so itself, so nothing rests on what it says. */
const maxErrorMs = 60_000

/** `declared` hours come from `claim` records, not from pages. */
export type PageClass = 'live' | 'late'

/** What the log says about when a page can have been made. */
export interface TimeBracket {
  /** `at` of the last `time` record within the previous page's `seen`: the page cannot begin long before. */
  readonly earliest?: Millis
  /** `at` of the first `time` record after the page: it cannot end after that. */
  readonly arrival: Millis
}

/** R5-R7 for one logged page: its class, whether its times can be believed, and what is to be told. */
export interface TimeVerdict {
  readonly class: PageClass
  /** Set when the page's hours are unknown: `time` contradicts the log, `clock` was not to be trusted. */
  readonly unknown?: 'time' | 'clock'
  readonly findings: readonly Finding[]
}

export function judgeTime(page: Page, { earliest, arrival }: TimeBracket): TimeVerdict {
  const findings: Finding[] = []
  const slack = Math.min(page.clock.errorMs, maxErrorMs)
  // The previous page may have been sealed up to maxSealMs after its end, which is where this one begins.
  if (earliest !== undefined && page.from < earliest - maxSealMs - slack)
    findings.push({
      code: 'time_bracket',
      message: `begins ${earliest - page.from} ms before what the gateway had already seen of the log`,
    })
  if (page.to > arrival + maxFutureMs + slack)
    findings.push({ code: 'time_bracket', message: `ends ${page.to - arrival} ms after its arrival` })
  const outside = findings.length > 0
  const kind: PageClass = arrival - page.to <= maxLiveMs ? 'live' : 'late'
  if (outside) return { class: kind, unknown: 'time', findings }
  return isClockTrusted(page) ? { class: kind, findings } : { class: kind, unknown: 'clock', findings }
}

/** R7: not synchronised for 24 h, never, wrong by over a minute, or stepped and not synchronised since: hours are unknown. */
export function isClockTrusted({ clock }: Page): boolean {
  if (clock.errorMs > maxErrorMs) return false
  if (clock.unsyncedMs !== undefined) {
    const stepped = Math.abs(clock.steppedMs) > notableMs && clock.source === 'none'
    return clock.unsyncedMs <= DAY && !stepped
  }
  return clock.source !== 'none'
}

/** R7: what is told about a page's clock, whether or not its hours count. */
export function clockFindings(page: Page): Finding[] {
  const { clock, from, to, mono } = page
  const findings: Finding[] = []
  if (Math.abs(clock.steppedMs) > notableMs)
    findings.push({ code: 'clock_stepped', message: `the clock was stepped by ${clock.steppedMs} ms` })
  if (clock.errorMs > notableMs)
    findings.push({ code: 'clock_error', message: `the clock may be wrong by ${clock.errorMs} ms` })
  if (clock.source === 'none' || (clock.unsyncedMs ?? 0) > DAY)
    findings.push({
      code: 'clock_unsynced',
      message: `clock source ${clock.source}, last synchronised ${clock.unsyncedMs ?? 'never'} ms ago`,
    })
  const drift = to - from - (mono[1] - mono[0])
  if (Math.abs(drift) > notableMs)
    findings.push({
      code: 'clock_drift',
      message: `wall and monotonic clock differ by ${drift} ms in the page`,
    })
  return findings
}
