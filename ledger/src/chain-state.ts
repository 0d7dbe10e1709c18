import { type Page, pageGrowth, type Seen } from '@hours/protocol'
import type { OpenedPage } from './opened-page.ts'

/** Cumulative counters of one instrument after a page, and how much of them the page's own spans are; ms, mWh. */
export interface Counter {
  readonly id: string
  readonly onMs: number
  readonly runMs: number
  readonly mwh: number
  /** Growth by the spans of the page that stated it. */
  readonly spanOnMs: number
  readonly spanRunMs: number
  /** Bracket of the page that stated it. */
  readonly from: number
  readonly to: number
}

/** As much of a page as its neighbours need; plain JSON, so that a chain can be stored. */
export interface PageSummary {
  readonly seq: number
  readonly digest: string
  readonly prev: string | null
  readonly from: number
  readonly to: number
  readonly boot: number
  readonly mono: readonly [number, number]
  readonly seen: Seen | null
  /** Pages lost to a full spool since the epoch began; chains stored by older versions do not say. */
  readonly dropped?: number
  /** The page's own instruments. */
  readonly counters: readonly Counter[]
  /** Last counters of instruments that earlier pages named and this one does not. */
  readonly carried: readonly Counter[]
}

/** Pages `first.seq` to `last.seq` without a hole; what lies between needs no remembering. */
export interface Run {
  readonly first: PageSummary
  readonly last: PageSummary
}

/** All that the rules must know of one (gateway, epoch): a run for each stretch without holes; plain JSON. */
export interface ChainState {
  readonly gateway: string
  readonly epoch: number
  /** Ascending, never touching. */
  readonly runs: readonly Run[]
  /** Set by equivocation: every later page of the epoch is void until the operator opens a new one. */
  readonly voided?: { readonly seq: number; readonly digest: string }
}

export const emptyChain = (gateway: string, epoch: number): ChainState => ({ gateway, epoch, runs: [] })

/** Highest seq with everything below it logged; -1 when seq 0 is missing (a receipt's `through`). */
export function chainThrough(state: ChainState): number {
  const [first] = state.runs
  return first?.first.seq === 0 ? first.last.seq : -1
}

/** Missing seqs below the highest logged one, ascending, at most `limit` (a receipt's `missing`). */
export function missingSeqs(state: ChainState, limit = 64): number[] {
  const missing: number[] = []
  let next = 0
  for (const { first, last } of state.runs) {
    for (; next < first.seq && missing.length < limit; next++) missing.push(next)
    next = last.seq + 1
  }
  return missing
}

/** How many seqs below the highest logged one are missing. */
export function countMissing(state: ChainState): number {
  const logged = state.runs.reduce((sum, { first, last }) => sum + last.seq - first.seq + 1, 0)
  return (state.runs.at(-1)?.last.seq ?? -1) + 1 - logged
}

/** The runs on both sides of `seq`, or the one that it lies in. */
export function neighbours(state: ChainState, seq: number): { before?: Run; inside?: Run; after?: Run } {
  const found: { before?: Run; inside?: Run; after?: Run } = {}
  for (const run of state.runs) {
    if (run.last.seq < seq) found.before = run
    else if (run.first.seq <= seq) found.inside = run
    else {
      found.after = run
      break
    }
  }
  return found
}

interface CountedInstruments {
  readonly instruments: readonly Pick<
    Page['instruments'][number],
    'id' | 'spans' | 'onMs' | 'runMs' | 'mwh'
  >[]
}

export function summarize({ page, digest }: OpenedPage): PageSummary {
  const { seq, prev, from, to, boot, mono, seen, spool } = page
  const own = { seq, digest, prev, from, to, boot, mono, seen, dropped: spool.dropped }
  return { ...own, counters: countersOf(page), carried: [] }
}

/** What a page's counters say, an instrument at a time. */
export function countersOf(page: Pick<Page, 'from' | 'to'> & CountedInstruments): Counter[] {
  return page.instruments.map(({ id, onMs, runMs, mwh, spans }) => {
    const growth = pageGrowth(spans)
    const { from, to } = page
    return { id, onMs, runMs, mwh, spanOnMs: growth.onMs, spanRunMs: growth.runMs, from, to }
  })
}

/** The chain with a page that fits it: joined to the runs it touches. */
export function insertPage(state: ChainState, page: PageSummary): ChainState {
  const { before, after } = neighbours(state, page.seq)
  const own = before ? carryOver(before.last, page) : page
  const joinsBefore = before !== undefined && before.last.seq === page.seq - 1
  const joinsAfter = after !== undefined && after.first.seq === page.seq + 1
  const run: Run = {
    first: joinsBefore ? before.first : own,
    last: joinsAfter ? carryOver(own, after.last) : own,
  }
  const rest = state.runs.filter((r) => !(joinsBefore && r === before) && !(joinsAfter && r === after))
  const place = rest.findIndex((r) => r.first.seq > page.seq)
  return { ...state, runs: rest.toSpliced(place === -1 ? rest.length : place, 0, run) }
}

/** `later` with the counters that only `earlier` knows. */
function carryOver(earlier: PageSummary, later: PageSummary): PageSummary {
  const known = new Set([...later.counters, ...later.carried].map(({ id }) => id))
  const more = [...earlier.counters, ...earlier.carried].filter(({ id }) => !known.has(id))
  return more.length === 0 ? later : { ...later, carried: [...later.carried, ...more] }
}
