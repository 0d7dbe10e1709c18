import type { InstrumentKey, Millis, State } from '@hours/protocol'

/** A point of the series store (stores.md, table of measurements); `at` Unix ms. */
export interface SeriesPoint {
  readonly measurement: 'state' | 'power' | 'usage_hourly' | 'usage_daily' | 'usage_week_hour' | 'gateway'
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, { i: number } | { f: number } | { s: string }>>
  readonly at: Millis
}

/** Where charts and Grafana read: embedded SQLite or InfluxDB; a projection (stores.md). */
export interface SeriesStore {
  /** Idempotent; resolves only when stored; rejects with a SeriesError that says what may be retried. */
  write(points: readonly SeriesPoint[]): Promise<void>
  states(key: InstrumentKey, from: Millis, to: Millis): Promise<readonly { at: Millis; state: State }[]>
  power(
    key: InstrumentKey,
    from: Millis,
    to: Millis,
    stepMs: Millis,
  ): Promise<readonly { at: Millis; mean: number; min: number; max: number }[]>
  daily(
    keys: readonly InstrumentKey[],
    from: Millis,
    to: Millis,
  ): Promise<readonly { key: InstrumentKey; at: Millis; fields: Readonly<Record<string, number>> }[]>
  latest(): Promise<readonly { key: InstrumentKey; at: Millis; state: State }[]>
  /** Every point of an instrument in [from, to) as it is stored, ascending by time: for comparing, not for charts. */
  points(
    measurement: SeriesPoint['measurement'],
    key: InstrumentKey,
    from: Millis,
    to: Millis,
  ): Promise<readonly SeriesPoint[]>
  /** Instruments that have states or daily figures here, enrolled or not. */
  keys(): Promise<readonly InstrumentKey[]>
  /** What others have in it, in plain words; absent = nobody else can write there. */
  foreign?(): Promise<readonly string[]>
  /** Days of 1-min power kept before the newest; absent = all. */
  readonly powerDays?: number
  /** Which store this is, in words; another one than before has been told nothing of the past. */
  readonly name: string
  /** Why it is empty although the site is not: it holds what comes from now on. */
  readonly begunAnew?: string
  close(): Promise<void>
}

/** Takes points at any speed and brings them to the series store when it can; nothing upstream waits for it. */
export interface SeriesOutbox {
  put(points: readonly SeriesPoint[]): void
  /** As `put`, together with what else comes within some milliseconds; resolves when it is on disk. */
  gather(points: readonly SeriesPoint[]): Promise<void>
  /** `oldest` = when the oldest point that waits came in. */
  state(): { pending: number; oldest: Millis | null; quarantined: number; failing: string | null }
  flush(): Promise<void>
  close(): Promise<void>
}
