import { type InstrumentId, type InstrumentKey, instrumentKey, type Millis, type Page } from '@hours/protocol'
import type { AccountedSpan, Claim, InstrumentAccount, Recovery } from './account.ts'
import type { LoggedPage } from './accountable.ts'
import { type Counter, countersOf } from './chain-state.ts'
import { type ClaimList, createClaimList } from './claim-list.ts'
import { growthOutside } from './counter-rules.ts'

/** What pages account for, taken in one by one, in any order; of a page nothing is kept but what accounts for time. */
export interface AccountBook {
  add(logged: LoggedPage): void
  keys(): Iterable<InstrumentKey>
  /** Undefined for an instrument that no page names. */
  account(key: InstrumentKey): InstrumentAccount | undefined
  /** Its spans that touch [from, to) alone: those of a year are more than memory should hold. */
  spansWithin(key: InstrumentKey, from: Millis, to: Millis): AccountedSpan[]
  recovered(key: InstrumentKey): Recovery[]
}

interface Row extends Counter {
  readonly seq: number
  /** Whether the page's time is believed. */
  readonly sure: boolean
}

/** Pages of a chain that follow each other without a hole. */
interface Stretch {
  readonly first: Row
  last: Row
}

export function createAccountBook(): AccountBook {
  const claims = new Map<InstrumentKey, ClaimList>()
  /** By chain. */
  const counters = new Map<InstrumentKey, Map<string, Stretch[]>>()

  function recovered(key: InstrumentKey): Recovery[] {
    const chains = [...(counters.get(key)?.values() ?? [])]
    // Where another page knows a state inside the gap its hours are observed and must not count twice.
    const isObserved = ({ from, to }: Recovery) =>
      claims
        .get(key)
        ?.within(from, to)
        .some(({ state }) => state !== 'unknown') === true
    return chains
      .flatMap(recoveriesOf)
      .filter((gap) => !isObserved(gap))
      .sort((a, b) => a.from - b.from || a.to - b.to)
  }

  return {
    add(logged) {
      const { page, standing, unknown } = logged
      for (const { id, spans } of page.instruments) {
        const key = instrumentKey(page.site, id)
        const list = claims.get(key) ?? createClaimList()
        claims.set(key, list)
        eachClaim(logged, spans, (claim) => list.add(claim))
      }
      if (standing !== 'accepted') return
      for (const counter of countersOf(page)) {
        const key = instrumentKey(page.site, counter.id as InstrumentId)
        const chains = counters.get(key) ?? new Map<string, Stretch[]>()
        counters.set(key, chains)
        const chain = `${page.gateway}/${page.epoch}`
        const stretches = chains.get(chain) ?? []
        chains.set(chain, stretches)
        addRow(stretches, { ...counter, seq: page.seq, sure: unknown === undefined })
      }
    },
    keys: () => claims.keys(),
    account(key) {
      const list = claims.get(key)
      return list && { spans: list.merged(), recovered: recovered(key) }
    },
    spansWithin: (key, from, to) => claims.get(key)?.within(from, to) ?? [],
    recovered,
  }
}

/** The page's spans, and what they leave out, as claims that partition [from, to). */
function eachClaim(
  logged: LoggedPage,
  spans: Page['instruments'][number]['spans'],
  add: (claim: Claim) => void,
): void {
  const { page, standing, unknown, class: kind } = logged
  const whole = standing === 'void' ? 'void' : unknown
  if (whole) {
    add({ from: page.from, to: page.to, state: undefined, why: whole, class: kind })
    return
  }
  let end = page.from
  const leaveOut = (from: Millis, to: Millis) => {
    if (to > from) add({ from, to, state: undefined, why: 'unsampled', class: kind })
  }
  for (const [state, from, to] of spans) {
    leaveOut(end, page.from + from)
    end = page.from + to
    add({ from: page.from + from, to: end, state, class: kind })
  }
  leaveOut(end, page.to)
}

/** Between pages that follow each other nothing can come any more, so of a stretch its two ends are enough. */
function addRow(stretches: Stretch[], row: Row): void {
  const open = stretches.at(-1)
  if (open && row.seq > open.last.seq && row.from === open.last.to && row.sure && open.last.sure)
    open.last = row
  else stretches.push({ first: row, last: row })
}

/** Counter growth between pages of one epoch that no page's spans explain. */
function recoveriesOf(stretches: readonly Stretch[]): Recovery[] {
  const found: Recovery[] = []
  const inOrder = stretches.toSorted((a, b) => a.first.seq - b.first.seq)
  for (const [i, { first: row }] of inOrder.entries()) {
    const before = inOrder[i - 1]?.last
    if (!before || !row.sure || !before.sure || row.from <= before.to) continue
    const { on, run } = growthOutside(before, row)
    const from = before.to
    const to = row.from
    if (on > 0) found.push({ from, to, onMs: Math.min(on, to - from), runMs: Math.min(run, to - from) })
  }
  return found
}
