import { type Clock, DAY, type Millis, type PageClock } from '@hours/protocol'

/** What the machine says about its own clock; `syncedAt` is monotonic ms, null = never since boot. */
export interface ClockSync {
  readonly source: PageClock['source']
  readonly offsetMs: number
  readonly errorMs: number
  readonly syncedAt: Millis | null
}

/** Above this the wall clock was stepped, not slewed (records.md, section 4). */
export const stepMs = 1_000

/** Half-open, Unix ms. */
export interface Interval {
  readonly from: Millis
  readonly to: Millis
}

/** What survives a restart of the process within one boot of the machine; plain JSON. */
export interface TimeState {
  readonly wall: Millis
  readonly mono: Millis
  /** Monotonic intervals in which the clock was synchronised. */
  readonly trust: readonly (readonly [from: Millis, to: Millis])[]
  /** Monotonic moment of the last step; -1 = none since the boot. */
  readonly steppedAt: Millis
  /** The last synchronisation that vouches for the present anchor, or for one before it. */
  readonly good: ClockSync | null
}

/** The parts of [from, to), Unix ms by this anchor, in which the clock was synchronised. */
export function trustedBy({ wall, mono, trust }: TimeState, from: Millis, to: Millis): readonly Interval[] {
  return trust
    .map(([a, b]) => ({ from: Math.max(from, wall + a - mono), to: Math.min(to, wall + b - mono) }))
    .filter((one) => one.to > one.from)
}

/** Whether nobody has vouched for the time since the boot or the last step. */
export const isLost = ({ good, steppedAt }: Pick<TimeState, 'good' | 'steppedAt'>): boolean =>
  good?.syncedAt == null || good.syncedAt < steppedAt

/** What a page says of its clock at its end (monotonic ms `at`). */
export function pageClock({ good, steppedAt }: TimeState, at: Millis, steppedMs: number): PageClock {
  const vouched = good?.syncedAt !== undefined && good.syncedAt !== null && good.syncedAt >= steppedAt
  return {
    source: vouched ? good.source : 'none',
    offsetMs: Math.round(good?.offsetMs ?? 0),
    errorMs: Math.round(good?.errorMs ?? 0),
    steppedMs: Math.round(steppedMs),
    ...(typeof good?.syncedAt === 'number'
      ? { unsyncedMs: Math.max(0, Math.round(at - good.syncedAt)) }
      : {}),
  }
}

/**
 * The gateway's time: the monotonic clock anchored at the wall clock. When the wall clock is stepped, `stepped` says by
 * how much; from the next `anchor` on time is untrusted until the clock is synchronised again.
 */
export interface TimeKeeper {
  /** Unix ms by the current anchor; never falls between two anchors. */
  now(): Millis
  /** ms by which the wall clock has been stepped since the anchor was set; 0 when it was not. Follows slewing. */
  stepped(): number
  /** Takes a new anchor at the wall clock of this moment, which nobody vouches for yet. */
  anchor(): void
  mono(): Millis
  /** Monotonic time at `at` (Unix ms by the current anchor). */
  monoAt(at: Millis): Millis
  /** Whether hours stated now may count. */
  trusted(): boolean
  /** Whether time has never been vouched for since the boot or the last step: no page can be written. */
  lost(): boolean
  /** The parts of [from, to) whose times may count. */
  trustedIn(from: Millis, to: Millis): readonly Interval[]
  /** A page ends: slewing is counted anew. */
  turnPage(): void
  checkpoint(): TimeState
}

export function createTimeKeeper(clock: Clock, sync: () => ClockSync, restored?: TimeState): TimeKeeper {
  let { wall, mono } = restored ?? { wall: clock.wall(), mono: clock.monotonic() }
  let trust: [Millis, Millis][] = restored?.trust.map(([from, to]) => [from, to]) ?? []
  /** Monotonic moment of the last step; a synchronisation before it says nothing about the clock after it. */
  let steppedAt = restored?.steppedAt ?? -1
  let floor = 0
  /** Slewing followed since the page began. */
  let slewed = 0

  let good = restored?.good ?? null

  const raw = () => wall + clock.monotonic() - mono
  const checkpoint = (): TimeState => ({ wall, mono, trust, steppedAt, good })

  function observe(): void {
    const state = sync()
    const { syncedAt } = state
    if (syncedAt === null || syncedAt < steppedAt || syncedAt === good?.syncedAt) return
    // It vouches for the wall clock. While that and our anchor differ by a step that nobody has noticed yet, it says
    // nothing about the times of the open page; believed, it sealed pages hours ahead and none could follow for as long.
    if (Math.abs(clock.wall() - raw()) > stepMs) return
    good = state
    const last = trust.at(-1)
    if (last && last[0] >= steppedAt && syncedAt <= last[1]) last[1] = Math.max(last[1], syncedAt + DAY)
    // Without a step since the boot, the first synchronisation vouches for the time before it as well.
    else trust.push([trust.length === 0 && steppedAt < 0 ? 0 : syncedAt, syncedAt + DAY])
    const limit = clock.monotonic() - 2 * DAY
    trust = trust.filter(([, to], i) => to > limit || i === trust.length - 1)
  }

  const trusted = () => {
    observe()
    const at = clock.monotonic()
    return trust.some(([from, to]) => from <= at && at <= to)
  }

  return {
    now: () => (floor = Math.max(floor, raw())),
    stepped() {
      observe()
      const drift = clock.wall() - raw()
      if (Math.abs(drift) > stepMs) return drift
      // Corrections that add up to a step are one (R4 allows a page no more than a second of difference).
      if (Math.abs(slewed + drift) > stepMs) return slewed + drift
      if (drift === 0) return 0
      slewed += drift
      wall = clock.wall()
      mono = clock.monotonic()
      return 0
    },
    anchor() {
      const at = clock.monotonic()
      if (Math.abs(clock.wall() - raw()) > stepMs) {
        trust = trust.filter(([from]) => from < at).map(([from, to]) => [from, Math.min(to, at)])
        steppedAt = at
      }
      wall = clock.wall()
      mono = at
      floor = wall
      slewed = 0
      observe()
    },
    mono: () => clock.monotonic(),
    monoAt: (at) => clock.monotonic() - (raw() - at),
    trusted,
    lost() {
      observe()
      return isLost({ good, steppedAt })
    },
    trustedIn(from, to) {
      observe()
      return trustedBy(checkpoint(), from, to)
    },
    turnPage: () => void (slewed = 0),
    checkpoint,
  }
}
