import type { Clock, Millis, PageClock } from '@hours/protocol'
import { DAY } from '@hours/protocol'

/** What the machine says about its own clock; `syncedAt` is monotonic ms, null = never since boot. */
export interface ClockSync {
  readonly source: PageClock['source']
  readonly offsetMs: number
  readonly errorMs: number
  readonly syncedAt: Millis | null
}

/** Above this the wall clock was stepped, not slewed (records.md, section 4). */
export const stepMs = 1_000

/**
 * The gateway's time: the monotonic clock anchored at the wall clock. When the wall clock is stepped, `step` says by
 * how much; from then on time is untrusted until the clock is synchronised again.
 */
export interface TimeKeeper {
  /** Unix ms by the current anchor. */
  now(): Millis
  /** ms by which the wall clock has been stepped since the anchor was set; 0 when it was not. */
  stepped(): number
  /** Takes a new anchor at the wall clock of this moment. */
  anchor(): void
  mono(): Millis
  /** Whether hours stated now may count. */
  trusted(): boolean
  state(steppedMs: number): PageClock
}

export function createTimeKeeper(clock: Clock, sync: () => ClockSync): TimeKeeper {
  let wall = clock.wall()
  let mono = clock.monotonic()
  /** Monotonic moment of the last step; 0 = none. */
  let untrustedSince = -1
  const now = () => wall + clock.monotonic() - mono

  const stepped = () => {
    const drift = clock.wall() - now()
    if (Math.abs(drift) > stepMs) return drift
    // Slewing is followed, so that small corrections never add up to a step; time never runs backwards by it.
    if (drift !== 0 && clock.monotonic() > mono) {
      wall = Math.max(now(), clock.wall())
      mono = clock.monotonic()
    }
    return 0
  }

  const unsynced = (state: ClockSync) =>
    state.syncedAt === null ? undefined : Math.max(0, clock.monotonic() - state.syncedAt)

  return {
    now,
    stepped,
    anchor() {
      const moved = Math.abs(clock.wall() - now()) > stepMs
      wall = clock.wall()
      mono = clock.monotonic()
      if (moved) untrustedSince = mono
    },
    mono: () => clock.monotonic(),
    trusted() {
      const state = sync()
      if (state.syncedAt === null) return false
      if (untrustedSince >= 0 && state.syncedAt < untrustedSince) return false
      return clock.monotonic() - state.syncedAt <= DAY
    },
    state(steppedMs) {
      const state = sync()
      const unsyncedMs = unsynced(state)
      const waiting = untrustedSince >= 0 && (state.syncedAt ?? -1) < untrustedSince
      return {
        source: state.syncedAt === null || waiting ? 'none' : state.source,
        offsetMs: Math.round(state.offsetMs),
        errorMs: Math.round(state.errorMs),
        steppedMs: Math.round(steppedMs),
        ...(unsyncedMs === undefined ? {} : { unsyncedMs: Math.round(unsyncedMs) }),
      }
    },
  }
}
