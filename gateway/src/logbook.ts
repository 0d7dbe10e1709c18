import {
  DAY,
  type InstrumentSettings,
  maxSealMs,
  type Millis,
  type Page,
  type PageClock,
} from '@hours/protocol'
import type { Sample, Transition } from '@hours/sensing'
import {
  createInstrumentLog,
  type InstrumentLog,
  type InstrumentState,
  type Taken,
} from './instrument-log.ts'
import { createJournal } from './journal.ts'
import { encodeOpenState, type OpenState, type Resumed } from './open-state.ts'
import { createPageWriter, type PageWriterOptions } from './page-writer.ts'
import { type Interval, isLost, pageClock, type TimeKeeper, trustedBy } from './time-keeper.ts'

export interface LogbookOptions extends Omit<PageWriterOptions, 'chain' | 'now'> {
  readonly pageMs: number
  readonly time: TimeKeeper
  readonly boot: number
  readonly resumed: Resumed
  /** False: neither a journal nor the state of the open page is kept; whoever ends the process has to play it again. */
  readonly remembers: boolean
  readonly instruments: readonly InstrumentSettings[]
  readonly config: Page['config']
  /** New settings are in force: a page has begun under them. */
  onConfigured(instruments: readonly InstrumentSettings[]): void
}

/** Settings to come, with the `config` record that states them, from its date on (Unix ms). */
export interface NextConfig {
  readonly from: Millis
  readonly instruments: readonly InstrumentSettings[]
  readonly config: Page['config']
  readonly bytes: Uint8Array
}

/** A reading may be this late at the gateway and still be in its page. */
const graceMs = 2_000

/** The gateway's logbook: samples in, sealed and signed pages into the spool (records.md, section 4; wire.md, 3). */
export interface Logbook {
  readonly instruments: ReadonlyMap<string, InstrumentLog>
  push(instrument: string, source: number, sample: Sample): Taken | undefined
  reject(instrument: string, source: number, at: number): void
  /** The machine itself says that it cannot be watched; kept like a sample, so that a restart knows it too. */
  lose(instrument: string, source: number, at: number): readonly Transition[]
  /** Follows a step of the wall clock at once. */
  watchClock(): void
  /** Seals every page whose time has come; returns how many. */
  turn(): number
  /** A clean shutdown: seals all that is final already; what is open waits for the next start. */
  close(): void
  /** Writes what came since to the spool: a kill loses at most what comes after. */
  checkpoint(): void
  /** New settings; a page begins with them at once. */
  configure(next: NextConfig): void
  config(): Page['config']
}

export function createLogbook(options: LogbookOptions): Logbook {
  const { spool, time, pageMs, boot, resumed, onAlarm } = options
  const writer = createPageWriter({ ...options, chain: resumed.chain, now: () => time.now() })
  const journal = options.remembers ? createJournal(spool, resumed.lastRow) : undefined
  let config = options.config
  /** States of all instruments this gateway ever had: counters never fall, not even over a removal. */
  const known = new Map<string, InstrumentState>(Object.entries(resumed.open?.instruments ?? {}))
  let instruments = logsOf(options.instruments, known)
  let steppedMs = 0
  let from = 0
  let mono = 0
  beginAt(time.now())
  if (resumed.open) restore(resumed.open)
  // The journal goes on from a state that is on disk; before the first page there would be none.
  else keepOpen()

  /** The next page begins at `at`, or where the last one ended. */
  function beginAt(at: number): void {
    from = Math.max(writer.chain().to, at)
    mono = Math.max(0, Math.round(time.monoAt(from)))
  }

  function pageEnd(): number {
    return (Math.floor(from / pageMs) + 1) * pageMs
  }

  function each(work: (one: InstrumentLog) => void): void {
    for (const one of instruments.values()) work(one)
  }

  /** Goes on with the open page; one of another boot or configuration ends where it was last written. */
  function restore(open: OpenState): void {
    for (const { instrument, source, at, sample } of resumed.entries) {
      if (sample) instruments.get(instrument)?.push(sample, source)
      else instruments.get(instrument)?.reject(at)
    }
    ;({ from, mono } = open)
    if (open.boot === boot && (open.config.sha256 === config.sha256 || isLost(open.time))) return
    each((one) => one.cut())
    // Nobody will vouch for the time of a boot that is over: pages of it would be empty, and stand where no time was.
    while (from < open.now && !isLost(open.time) && !writer.full()) {
      const to = Math.min(pageEnd(), open.now)
      const monoTo = Math.max(mono, open.time.mono + to - open.time.wall)
      const clock = pageClock(open.time, monoTo, 0)
      const trusted = trustedBy(open.time, from, to)
      seal(to, open.now, { boot: open.boot, config: open.config, clock, monoTo, trusted })
    }
    beginAt(time.now())
    if (open.boot !== boot) each((one) => one.reset())
    keepOpen()
  }

  /** `isFinal`: nothing of it can grow any more: it is sealed although the page before it still waits for the disk. */
  function sealUntil(end: number, now: number, isFinal = false): void {
    while (from < end && !(isFinal ? writer.full() : writer.blocked())) {
      const to = Math.min(pageEnd(), end)
      const monoTo = Math.max(mono, Math.round(time.monoAt(to)))
      const clock = pageClock(time.checkpoint(), monoTo, steppedMs)
      seal(to, now, { boot, config, clock, monoTo, trusted: time.trustedIn(from, to) })
      steppedMs = 0
      time.turnPage()
    }
  }

  function seal(to: number, now: number, under: SealedUnder): void {
    const { trusted, monoTo, ...stated } = under
    const parts = [...instruments.values()].map((one) => one.seal({ from, to, now, trusted }))
    const leftOut = writer.sign({ ...stated, from, to, mono: [mono, monoTo] }, parts)
    for (const { page, conflictMs } of parts) {
      const growth = leftOut.get(page.id)
      if (growth) instruments.get(page.id)?.takeBack(growth)
      onAlarm(`page_too_long:${page.id}`, growth !== undefined)
      onAlarm(`source_conflict:${page.id}`, conflictMs > 0)
    }
    from = to
    mono = monoTo
    writer.save(options.remembers ? { open: openState() } : {})
  }

  /** The page under the old settings ends where all is final, so that each page has one configuration. */
  function configure({ instruments: settings, config: next, bytes }: NextConfig): void {
    if (!time.lost()) sealUntil(settled(), time.now())
    for (const [id, one] of instruments) known.set(id, one.checkpoint())
    config = next
    instruments = logsOf(settings, known)
    writer.guarded(() => spool.setAll({ open: openState(), config: bytes }))
    options.onConfigured(settings)
  }

  /** Everything before this moment is final, whatever comes. */
  function settled(): number {
    const now = time.now()
    return Math.min(now, ...[...instruments.values()].map((one) => one.settled(now)))
  }

  function openState(): Uint8Array {
    for (const [id, one] of instruments) known.set(id, one.checkpoint())
    const [now, state] = [time.now(), time.checkpoint()]
    const row = journal?.settle(now, state) ?? 0
    const all = Object.fromEntries(known)
    return encodeOpenState({ boot, from, mono, now, time: state, journal: row, config, instruments: all })
  }
  function keepOpen(): void {
    if (!options.remembers) return
    writer.guarded(() => spool.setAll({ open: openState() }))
  }

  function turn(): number {
    writer.retry()
    watchClock()
    const before = writer.chain().seq
    const now = time.now()
    onAlarm('clock_behind_pages', from - now > maxSealMs)
    if (time.lost()) {
      forgetOld(now)
      return 0
    }
    const delays = [...instruments.values()].map((one) => one.sealDelayMs)
    const final = now - Math.min(maxSealMs, Math.max(0, ...delays)) - graceMs
    while (pageEnd() <= final && !writer.blocked()) if (!skipEmpty(final)) sealUntil(pageEnd(), now)
    return writer.chain().seq - before
  }

  /** After a long stop there is nothing to say of most of it: what no page covers is unknown. */
  function skipEmpty(final: number): boolean {
    const last = Math.max(0, ...[...instruments.values()].map((one) => one.lastSampleAt() ?? 0))
    const resume = Math.floor((final - pageMs) / pageMs) * pageMs
    if (last >= from || resume <= from) return false
    each((one) => one.cut())
    beginAt(resume)
    return true
  }

  /** Nobody has vouched for the time of a whole day: it is unknown for good, and memory is finite. */
  function forgetOld(now: number): void {
    if (now - from <= DAY) return
    each((one) => one.reset())
    beginAt(now)
    keepOpen()
  }

  /** The wall clock was stepped: the page ends here, and the next one has an anchor of its own. */
  function watchClock(): void {
    const step = time.stepped()
    if (step === 0) return
    const now = time.now()
    if (!time.lost()) {
      each((one) => one.cut())
      sealUntil(now, now, true)
    }
    steppedMs += step
    time.anchor()
    each((one) => one.reset())
    beginAt(time.now())
    keepOpen()
  }

  function push(instrument: string, source: number, sample: Sample): Taken | undefined {
    const taken = instruments.get(instrument)?.push(sample, source)
    if (taken) journal?.add({ instrument, source, at: sample.at, sample })
    return taken
  }

  return {
    get instruments() {
      return instruments
    },
    push,
    lose: (instrument, source, at) => push(instrument, source, { at, lost: true })?.transitions ?? [],
    reject(instrument, source, at) {
      instruments.get(instrument)?.reject(at)
      journal?.add({ instrument, source, at })
    },
    watchClock,
    turn,
    close() {
      turn()
      if (!time.lost()) sealUntil(settled(), time.now())
      keepOpen()
    },
    checkpoint: () => writer.guarded(() => void journal?.flush(time.now(), time.checkpoint())),
    configure,
    config: () => config,
  }
}

interface SealedUnder {
  readonly boot: number
  readonly config: Page['config']
  readonly clock: PageClock
  readonly monoTo: number
  readonly trusted: readonly Interval[]
}

const logsOf = (settings: readonly InstrumentSettings[], states: ReadonlyMap<string, InstrumentState>) =>
  new Map<string, InstrumentLog>(
    settings.map((one) => [one.id, createInstrumentLog(one, states.get(one.id))]),
  )
