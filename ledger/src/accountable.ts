import { type InstrumentId, type InstrumentKey, instrumentKey, type Millis, type Page } from '@hours/protocol'
import type { AccountedSpan, Claim, InstrumentAccount, Recovery } from './account.ts'
import { type Counter, countersOf } from './chain-state.ts'
import type { PageClass } from './clock-rules.ts'
import { growthOutside } from './counter-rules.ts'
import { mergeClaims } from './merge-claims.ts'

/** What of a page accounts for time; a reader of a long log keeps nothing else. */
export type AccountedPage = Pick<Page, 'site' | 'gateway' | 'epoch' | 'seq' | 'from' | 'to'> & {
  readonly instruments: readonly Pick<
    Page['instruments'][number],
    'id' | 'spans' | 'onMs' | 'runMs' | 'mwh'
  >[]
}

/** A logged page with what the rules said about it; order does not matter. */
export interface LoggedPage {
  readonly page: AccountedPage
  readonly digest: string
  /** Equivocating pages, and those logged after them in their epoch, are `void`. */
  readonly standing: 'accepted' | 'void'
  readonly class: PageClass
  /** From `judgeTime`. */
  readonly unknown?: 'time' | 'clock'
}

/**
 * What the pages together account for, an instrument at a time (records.md, section 6). Across epochs and gateways
 * equal states count once and different ones are unknown, `conflict`; void pages account for nothing.
 */
export function accountablePages(pages: readonly LoggedPage[]): Map<InstrumentKey, InstrumentAccount> {
  const claims = new Map<InstrumentKey, Claim[]>()
  const recoveries = recoveriesOf(pages)
  for (const logged of pages) {
    for (const instrument of logged.page.instruments) {
      const key = instrumentKey(logged.page.site, instrument.id)
      const list = claims.get(key) ?? []
      claims.set(key, list)
      for (const claim of claimsOf(logged, instrument.spans)) list.push(claim)
    }
  }
  const accounts = new Map<InstrumentKey, InstrumentAccount>()
  for (const [key, list] of claims) {
    const spans = mergeClaims(list)
    const recovered = (recoveries.get(key) ?? []).filter((gap) => !isAccounted(gap, spans))
    accounts.set(key, { spans, recovered })
  }
  return accounts
}

/** The page's spans, and what they leave out, as claims that partition [from, to). */
function claimsOf(logged: LoggedPage, spans: Page['instruments'][number]['spans']): Claim[] {
  const { page, standing, unknown, class: kind } = logged
  const whole = standing === 'void' ? 'void' : unknown
  if (whole) return [{ from: page.from, to: page.to, state: undefined, why: whole, class: kind }]
  const claims: Claim[] = []
  let end = page.from
  const leaveOut = (from: Millis, to: Millis) => {
    if (to > from) claims.push({ from, to, state: undefined, why: 'unsampled', class: kind })
  }
  for (const [state, from, to] of spans) {
    leaveOut(end, page.from + from)
    end = page.from + to
    claims.push({ from: page.from + from, to: end, state, class: kind })
  }
  leaveOut(end, page.to)
  return claims
}

/** Counter growth between pages of one epoch that no page's spans explain. */
function recoveriesOf(pages: readonly LoggedPage[]): Map<InstrumentKey, Recovery[]> {
  const last = new Map<string, Counter & { readonly sure: boolean }>()
  const found = new Map<InstrumentKey, Recovery[]>()
  const accepted = pages.filter(({ standing }) => standing === 'accepted')
  const inOrder = [...accepted].sort((a, b) => a.page.epoch - b.page.epoch || a.page.seq - b.page.seq)
  for (const logged of inOrder) {
    const { site, gateway, epoch } = logged.page
    const sure = logged.unknown === undefined
    for (const counter of countersOf(logged.page)) {
      const chain = `${gateway}/${epoch}/${counter.id}`
      const before = last.get(chain)
      last.set(chain, { ...counter, sure })
      if (!before || !sure || !before.sure || counter.from <= before.to) continue
      const { on, run } = growthOutside(before, counter)
      const from = before.to
      const to = counter.from
      if (on <= 0) continue
      const key = instrumentKey(site, counter.id as InstrumentId)
      const list = found.get(key) ?? []
      found.set(key, list)
      list.push({ from, to, onMs: Math.min(on, to - from), runMs: Math.min(run, to - from) })
    }
  }
  return found
}

/** Whether another page knows a state inside the gap; then its hours are observed and must not count twice. */
function isAccounted(gap: Recovery, spans: readonly AccountedSpan[]): boolean {
  return spans.some((span) => span.state !== 'unknown' && span.from < gap.to && span.to > gap.from)
}
