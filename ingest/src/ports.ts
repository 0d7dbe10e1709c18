import type { AccountedSpan } from '@hours/ledger'
import type {
  Clock,
  Commit,
  CounterTally,
  GatewayId,
  InstrumentKey,
  InstrumentSettings,
  Millis,
  PowerMinute,
  PowerReport,
  PublishDown,
  RecordBody,
  RecordKind,
  RecordOf,
  SiteId,
  Span,
  State,
  StateDurations,
  Status,
} from '@hours/protocol'

/**
 * The seams inside ingest, in the order the data flows:
 * subscribe -> decode -> verify -> append -> receipt -> project -> store -> figure -> API.
 */

/** One entry of the log and where it stands: logs are per UTC year of appending (records.md, section 5). */
export interface Position {
  readonly year: number
  readonly index: number
}

/** The evidence log as the rest of ingest sees it. */
export interface EvidenceLog {
  /** Resolves when the entries are durable and under a signed checkpoint; same bytes again = same position. */
  append(entries: readonly Uint8Array[]): Promise<readonly Position[]>
  checkpoint(year?: number): string
  size(year?: number): number
  /** Base64 hashes of the inclusion proof of `index` in the current checkpoint's size (or `size`). */
  inclusion(position: Position, size?: number): readonly string[]
  consistency(year: number, from: number, to: number): readonly string[]
  entry(position: Position): Uint8Array
  /** Every entry in order, over all years; `after` = the position to go on from. */
  entries(after?: Position): IterableIterator<{ position: Position; bytes: Uint8Array }>
  years(): readonly number[]
  origin(year: number): string
  vkey(): string
  close(): Promise<void>
}

/** An instrument as the registry knows it at one instant. */
export interface InstrumentEntry {
  readonly key: InstrumentKey
  readonly site: SiteId
  readonly enrolment: RecordOf<'enrolment'>
  /** All enrolments of this instrument, oldest first: [from, to). */
  readonly enrolments: readonly RecordOf<'enrolment'>[]
  readonly settings: InstrumentSettings | undefined
  readonly zone: string
}

/** Everything that operator and service records say; a projection of the log (records.md, section 2). */
export interface Registry {
  instruments(): readonly InstrumentEntry[]
  instrument(key: InstrumentKey): InstrumentEntry | undefined
  gateways(): readonly { site: SiteId; gateway: GatewayId; epoch: number; configRevision: number }[]
  organisations(): readonly RecordOf<'organisation'>[]
  /** The organisation that stands at `at`, or undefined. */
  organisation(id: string, at?: Millis): RecordOf<'organisation'> | undefined
  /** All records of a kind that stand (corrections applied), in log order, with the hash of their bytes. */
  records<K extends RecordKind>(
    kind: K,
    site?: SiteId,
  ): readonly { record: RecordOf<K>; hash: string; position: Position }[]
  /** Any record as it was logged, voided ones too, by the hash of its bytes. */
  find(
    hash: string,
  ): { readonly kind: RecordKind; readonly record: RecordOf<RecordKind>; readonly hash: string } | undefined
  zone(site: SiteId): string
}

/** Live view from state events and heartbeats; never evidence. */
export interface LiveState {
  readonly state: State
  readonly since: Millis | null
  readonly at: Millis
  readonly mw: number | null
}
export interface Live {
  /** `unknown` since the gateway was last heard when it is silent (over 90 s) or said so by its will. */
  instrument(key: InstrumentKey): LiveState
  /** Its state alone: of thousands that are counted for one answer, without an object for each. */
  stateOf(key: InstrumentKey): State
  gateway(
    site: SiteId,
    gateway: GatewayId,
  ): { online: boolean; lastHeard: Millis | null; status: Status | undefined }
  onChange(listener: (key: InstrumentKey, state: LiveState) => void): () => void
}

/** One instrument and civil day of its site's zone, integer ms; additive (records.md, section 8). */
export interface StateDay {
  readonly key: InstrumentKey
  /** Civil date `YYYY-MM-DD` and its instants. */
  readonly date: string
  readonly from: Millis
  readonly to: Millis
  /** Sums to the enrolled part of the day up to the last page's end or now, whichever the caller asked. */
  readonly states: StateDurations
  /** Of the known time: arrived within 20 min of its end, or later (ms). */
  readonly live: number
  readonly late: number
  /** Counter growth across gaps that lie wholly inside the day (ms). */
  readonly onRecovered: number
}

/** The SQLite index: made from the log alone, thrown away and made again by `hours rebuild`. */
export interface Index {
  /** Spans that partition [from, to): what no standing page covers is unknown. */
  spans(key: InstrumentKey, from: Millis, to: Millis): readonly Span[]
  /** Daily rows of civil days that overlap [from, to). */
  days(keys: readonly InstrumentKey[], from: Millis, to: Millis): readonly StateDay[]
  /** Pages that touch [from, to) for this instrument, in log order. */
  pages(key: InstrumentKey, from: Millis, to: Millis): readonly PageRow[]
  /** Growth of counters across gaps that lie wholly in [from, to): what `onRecovered` of that period sums. */
  recoveries(
    key: InstrumentKey,
    from: Millis,
    to: Millis,
  ): readonly { readonly from: Millis; readonly to: Millis; readonly onMs: number; readonly runMs: number }[]
  /** What pages account for, with class (live, late) and, for unknown, why; uncovered time is left out. */
  accounted(key: InstrumentKey, from: Millis, to: Millis): readonly AccountedSpan[]
  /** Known time in [from, to) that pages tell with the lower grade of evidence, ms. */
  reported(key: InstrumentKey, from: Millis, to: Millis): Millis
  /** Whether the newest page tells the instrument with that grade. */
  isReported(key: InstrumentKey): boolean
  gatewayCounts(gateway: GatewayId): GatewayCounts
  /** The log position projected last; everything below is in the index. */
  position(): Position | null
}
export interface PageRow {
  readonly gateway: GatewayId
  readonly epoch: number
  readonly seq: number
  readonly from: Millis
  readonly to: Millis
  readonly position: Position
  /** The `at` of the first `time` record after it; null until there is one. */
  readonly arrival: Millis | null
  readonly standing: 'accepted' | 'void' | 'duplicate'
}
export interface GatewayCounts {
  readonly epoch: number
  readonly through: number
  readonly missing: number
  readonly received: number
  readonly rejected: number
  readonly late: number
}

/** Refused bytes with their reason, kept 30 days, bounded. */
export interface Quarantine {
  put(item: {
    at: Millis
    topic: string
    gateway: string | null
    seq: number | null
    code: string
    reason: string
    bytes: Uint8Array
  }): void
  list(
    limit: number,
    before?: number,
  ): readonly {
    id: number
    at: Millis
    topic: string
    gateway: string | null
    seq: number | null
    code: string
    reason: string
    size: number
  }[]
  bytes(id: number): Uint8Array | undefined
  count(): number
}

/** 1-min power, one compressed blob per instrument and day in operations.sqlite (stores.md). */
export interface PowerStore {
  put(key: InstrumentKey, from: Millis, minutes: readonly PowerMinute[], mwh: number | null): void
  /** min, mean, max per step; steps without a sample are left out. */
  read(
    key: InstrumentKey,
    from: Millis,
    to: Millis,
    stepMs: Millis,
  ): readonly { at: Millis; min: number; mean: number; max: number }[]
}

/** A civil day of one instrument that the series store is to be told; `mark` tells one change of it from the next. */
export interface UntoldDay {
  readonly key: InstrumentKey
  readonly from: Millis
  readonly to: Millis
  readonly mark: number
}
/** A civil year of one instrument, from its first instant on. */
export type UntoldYear = Omit<UntoldDay, 'mark'>

/**
 * What the series store has yet to be told (records.md, section 8): days that pages or records have changed, and the
 * years they lie in. Kept in the index, marked in the transaction that changes them: no kill forgets one. An index that
 * is made again begins with all days.
 */
export interface UntoldDays {
  any(): boolean
  /** Up to `most` days behind `after`, newest first. */
  next(most: number, after?: UntoldDay): readonly UntoldDay[]
  /** These have been told, unless they were marked again since; their years have changed. */
  told(days: readonly (UntoldDay & { readonly year?: { from: Millis; to: Millis } })[]): void
  /** Marks days that no record has changed: time that nobody accounts for goes on. */
  markAll(items: readonly { key: InstrumentKey; days: readonly { from: Millis; to: Millis }[] }[]): void
  onMarked(listener: () => void): () => void
  /** Years with changed days that were told last at `before` or earlier. */
  years(before: Millis): readonly UntoldYear[]
  toldYear(year: UntoldYear, at: Millis): void
  newestMark(): number
  /** Forgets the days whose mark is not above `upTo`: everything has been told in another way. */
  clear(upTo: number): void
}

/** What devices counted for themselves beside what gateways made of their readings, a tally a day and after each restart. */
export interface CounterReader {
  /** Of the tallies that begin in [from, to). */
  sum(key: InstrumentKey, from: Millis, to: Millis): CounterSum
}
/** Energy (mWh), powered and run time (ms) of so many tallies: ours and the device's; null where it has no such counter. */
export interface CounterSum extends Required<Pick<CounterTally, 'energy' | 'on'>> {
  readonly tallies: number
  readonly run: CounterTally['energy']
}

/** The whole of ingest behind one door; `up` and `serve` wire it, the HTTP API reads it. */
export interface Ingest {
  /** What the broker awaits before the PUBACK. */
  readonly commit: Commit
  readonly log: EvidenceLog
  readonly registry: Registry
  readonly live: Live
  readonly index: Index
  readonly quarantine: Quarantine
  readonly power: PowerStore
  readonly counters: CounterReader
  readonly untold: UntoldDays
  readonly clock: Clock
  /** The demo's data is marked everywhere. */
  readonly simulated: boolean
  /**
   * Numbers, signs and appends one record of the operator or the service; resolves when it is durable and
   * projected. Refuses a body its schema does not take, naming the field.
   */
  record<K extends RecordKind>(
    kind: K,
    stream: string,
    body: RecordBody<K>,
  ): Promise<{ hash: string; position: Position }>
  /** As `record`, many at once in one append (imports, the demo's set-up). */
  recordAll(
    items: readonly { [K in RecordKind]: { kind: K; stream: string; body: RecordBody<K> } }[RecordKind][],
  ): Promise<readonly { hash: string; position: Position }[]>
  /** Called after each projection with the instruments and interval it touched. */
  onProjected(
    listener: (touched: readonly { key: InstrumentKey; from: Millis; to: Millis }[]) => void,
  ): () => void
  /** Called with what was taken of each report of power, of each instrument that stood there then; the PUBACK waits for it. */
  onPower(listener: (site: SiteId, report: PowerReport) => Promise<void> | undefined): () => void
  /** Until every durable record is projected. */
  settled(): Promise<void>
  health(): { ok: boolean; reasons: readonly string[] }
  metrics(): Readonly<Record<string, number>>
  /** Set once the broker is up: where receipts and configurations are sent. */
  attach(publish: PublishDown): void
  close(): Promise<void>
}
