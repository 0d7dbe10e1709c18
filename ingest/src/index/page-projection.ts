import type { DatabaseSync } from 'node:sqlite'
import {
  type ChainState,
  isClockTrusted,
  judgeTime,
  mergeClaims,
  type OpenedPage,
  type PageVerdict,
  parseOrigin,
  neighbours,
  summarize,
} from '@hours/ledger'
import { type InstrumentKey, instrumentKey, type Millis, type Page, type SiteId } from '@hours/protocol'
import type { Position } from '../ports.ts'
import type { RegistryWriter } from '../registry/registry.ts'
import type { AccountReader } from './account-reader.ts'
import type { ChainRow, ChainTable } from './chain-table.ts'
import type { DayScope, DayTable } from './day-table.ts'
import type { InstrumentRow, InstrumentTable } from './instrument-table.ts'
import { claimsOfRow, encodeMark, encodeSpans, type Mark, reportedBit } from './page-mark.ts'
import type { Changed, RecoveryTable } from './recovery-table.ts'
import type { TimeTable } from './time-table.ts'

/** A page that the log has, with what the chain rules said. */
export interface LoggedVerdict {
  readonly opened: OpenedPage
  readonly verdict: PageVerdict
  /** The chain before it. */
  readonly before: ChainState
  readonly position: Position
}

/** Turns logged pages into rows; every call is inside the projection's transaction. */
export interface PageProjection {
  page(logged: LoggedVerdict): void
  /** A `time` record: the arrival of the pages since the one before. */
  time(position: Position, at: Millis): void
  /** After a restart: a page that is projected and waits for its arrival. */
  resume(page: Page, position: Position): void
  scope(key: InstrumentKey): DayScope
  /** Days of the instrument from `from` on have to be made again: its zone or enrolment is another. */
  rescope(row: InstrumentRow): void
  /** What was touched since the last call. */
  touched(): readonly Changed[]
}

/** A page whose arrival is not known yet; its class is taken from the newest `time` record until it is. */
interface Waiting {
  readonly chain: ChainRow
  readonly seq: number
  readonly position: Position
  /** As much of the page as R5-R7 ask. */
  readonly page: Pick<Page, 'from' | 'to' | 'clock'>
  readonly earliest: Millis | undefined
  readonly keys: readonly InstrumentKey[]
  mark: number
}

type Extending = Changed & { to: Millis }

export interface Tables {
  readonly accounts: AccountReader
  readonly chains: ChainTable
  readonly instruments: InstrumentTable
  readonly days: DayTable
  readonly recoveries: RecoveryTable
  readonly times: TimeTable
}

export function createPageProjection(
  db: DatabaseSync,
  tables: Tables,
  registry: RegistryWriter,
): PageProjection {
  const { chains, instruments, days, recoveries, times } = tables
  const insert = db.prepare('INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const setMark = db.prepare(
    `UPDATE accounts SET mark = ? | (mark & ${reportedBit}) WHERE instrument = ? AND start = ? AND year = ? AND idx = ?`,
  )
  const scopes = new Map<InstrumentKey, { version: number; scope: DayScope }>()
  let waiting: Waiting[] = []
  let touched: Extending[] = []
  /** Pages that follow each other touch one stretch of their instrument, not sixty in a batch. */
  const newest = new Map<InstrumentRow, Extending>()

  function scope(key: InstrumentKey): DayScope {
    const known = scopes.get(key)
    if (known?.version === registry.version()) return known.scope
    const entry = registry.instrument(key)
    const enrolled = (entry?.enrolments ?? []).map(({ from, to }) => ({
      from,
      to: to ?? Number.MAX_SAFE_INTEGER,
    }))
    const fresh = { zone: entry?.zone ?? 'UTC', enrolled: enrolled.sort((a, b) => a.from - b.from) }
    scopes.set(key, { version: registry.version(), scope: fresh })
    return fresh
  }

  function touch(row: InstrumentRow, from: Millis, to: Millis): void {
    const before = newest.get(row)
    if (before?.to === from) {
      before.to = to
      return
    }
    const fresh = { row, from, to }
    newest.set(row, fresh)
    touched.push(fresh)
  }

  function spoil({ row, from, to }: Changed): void {
    days.spoil(row, from, to, scope(row.key))
    touch(row, from, to)
  }

  function page(logged: LoggedVerdict): void {
    const { opened, verdict, before, position } = logged
    const { gateway, epoch, seq, from, to, site } = opened.page
    const chain = chains.make(gateway, epoch)
    const seen = neighbours(before, seq).before?.last.seen
    const year = seen ? parseOrigin(seen.origin)?.year : undefined
    const earliest = seen && year !== undefined ? times.timeWithin(year, seen.size) : undefined
    // Until the next `time` record says when it came, it is taken to have come as soon as it could.
    const arrival = Math.max(times.newest()?.at ?? 0, to)
    const mark = encodeMark(judge(opened.page, verdict.verdict !== 'accept', { earliest, arrival }))
    chain.state = verdict.state
    chain.received += 1
    if (mark & 2) chain.late += 1
    chains.touch(chain)
    chains.addPage(chain, { seq, position, from, to, digest: opened.digest, mark, earliest })
    const keys = opened.page.instruments.map(({ id }) => instrumentKey(site, id))
    for (const [i, key] of keys.entries()) {
      const instrument = opened.page.instruments[i]
      if (instrument) account(opened.page, instrument, { row: instruments.make(key), chain, mark, position })
    }
    if (verdict.verdict === 'accept') recover(chain, before, opened, site)
    const { clock } = opened.page
    waiting.push({ chain, seq, position, page: { from, to, clock }, earliest, keys, mark })
  }

  /** One instrument's part of a page: its row, and its hours in the daily rows. */
  function account(
    page: Page,
    { spans, evidence }: Page['instruments'][number],
    { row, chain, mark, position }: { row: InstrumentRow; chain: ChainRow; mark: number; position: Position },
  ): void {
    const coded = encodeSpans(page, spans)
    const { from, to, seq } = page
    const own = mark | (evidence === undefined ? 0 : reportedBit)
    insert.run(row.id, from, position.year, position.index, to, chain.id, seq, own, coded.state, coded.spans)
    const isNext = from >= row.latest
    instruments.extend(row, from, to)
    const cut = scope(row.key)
    if (isNext && cut.enrolled.some((part) => part.from <= from && to <= part.to)) {
      days.add(row, mergeClaims(claimsOfRow({ start: from, stop: to, mark, ...coded })), cut)
      touch(row, from, to)
    } else spoil({ row, from, to })
  }

  function recover(chain: ChainRow, before: ChainState, opened: OpenedPage, site: SiteId): void {
    for (const changed of recoveries.insert(chain, before, summarize(opened), site)) spoil(changed)
  }

  function time(position: Position, at: Millis): void {
    times.add(position, at)
    for (const one of waiting) rejudge(one, at)
    waiting = []
  }

  /** The arrival is known now; in the quiet case it changes nothing. */
  function rejudge(one: Waiting, arrival: Millis): void {
    const isVoid = (one.mark & 1) !== 0
    const mark = encodeMark(judge(one.page, isVoid, { earliest: one.earliest, arrival }))
    if (mark === one.mark) return
    one.chain.late += ((mark & 2) - (one.mark & 2)) / 2
    chains.touch(one.chain)
    chains.setMark(one.chain, { seq: one.seq, position: one.position, mark })
    const { from, to } = one.page
    for (const key of one.keys) {
      const row = instruments.make(key)
      setMark.run(mark, row.id, from, one.position.year, one.position.index)
      spoil({ row, from, to })
    }
    for (const changed of recoveries.remark(one.chain, { from, to, mark })) spoil(changed)
  }

  function resume(page: Page, position: Position): void {
    const chain = chains.make(page.gateway, page.epoch)
    const stored = chains.judged(chain, page.seq, position)
    if (!stored) return
    const { from, to, clock, seq, site } = page
    const keys = page.instruments.map(({ id }) => instrumentKey(site, id))
    waiting.push({ chain, seq, position, page: { from, to, clock }, keys, ...stored })
  }

  return {
    page,
    time,
    resume,
    scope,
    rescope(row) {
      const known = tables.accounts.extent(row)
      days.clear(row)
      if (known) spoil({ row, ...known })
    },
    touched() {
      const all = touched
      touched = []
      newest.clear()
      return all
    },
  }
}

/** R5-R7 and the verdict together. */
function judge(
  page: Pick<Page, 'from' | 'to' | 'clock'>,
  isVoid: boolean,
  { earliest, arrival }: { earliest: Millis | undefined; arrival: Millis },
): Mark {
  // `judgeTime` and `isClockTrusted` read `from`, `to` and `clock` alone.
  const whole = page as Page
  const told = judgeTime(whole, earliest === undefined ? { arrival } : { earliest, arrival })
  const unknown = told.unknown ?? (isClockTrusted(whole) ? undefined : 'clock')
  return unknown === undefined
    ? { void: isVoid, class: told.class }
    : { void: isVoid, class: told.class, unknown }
}
