import type { Millis, Page } from '@hours/protocol'
import { type ChainState, insertPage, neighbours, type PageSummary, summarize } from './chain-state.ts'
import { clockFindings, maxFutureMs } from './clock-rules.ts'
import { counterFault, fallenEnergy, pageCounterFault } from './counter-rules.ts'
import type { OpenedPage } from './opened-page.ts'
import type { Finding, PageCode, PageVerdict } from './page-verdict.ts'

/** What the rules must be told about the world around one chain. */
export interface PageContext {
  /** Whether an `epoch` record has opened this epoch of this gateway. */
  readonly isOpen: (gateway: string, epoch: number) => boolean
  /** Whether the instrument is enrolled at this gateway at some time of [from, to). */
  readonly mayName: (page: Page, instrument: string) => boolean
  /** Digests of all logged pages of this chain with this seq, in log order. */
  readonly digestsAt: (seq: number) => readonly string[]
  /** Wall clock at arrival; absent when a log is read again (then R5 judges by `time` records). */
  readonly now?: Millis
  /** Base64 root of that log at that size, undefined when it never had it; absent = not to be checked. */
  readonly rootAt?: (origin: string, size: number) => string | undefined
}

/**
 * Judges one page against its chain (R2-R4, R7, R8, records.md section 6); never changes `state`. Pages may come in any
 * order: each is held against the nearest logged pages below and above it in its epoch.
 */
export function checkPage(state: ChainState, opened: OpenedPage, context: PageContext): PageVerdict {
  const { page, digest } = opened
  const logged = context.digestsAt(page.seq)
  if (logged.includes(digest)) return { verdict: 'duplicate', state, findings: [] }
  const refused = (code: PageCode, reason: string): PageVerdict => ({
    verdict: 'refuse',
    code,
    reason,
    state,
    findings: [],
  })
  if (!context.isOpen(page.gateway, page.epoch))
    return refused('unopened_epoch', `epoch ${page.epoch} of ${page.gateway} has not been opened`)
  if (state.voided)
    return {
      verdict: 'void',
      code: 'void',
      reason: `epoch ${page.epoch} is void since two pages had seq ${state.voided.seq}; open a new epoch`,
      state,
      findings: [],
    }
  if (logged.length > 0 || neighbours(state, page.seq).inside)
    return {
      verdict: 'equivocation',
      code: 'equivocation',
      reason: `two different pages for ${page.gateway}/${page.epoch}/${page.seq}: ${logged[0] ?? '?'} and ${digest}`,
      state: { ...state, voided: { seq: page.seq, digest } },
      findings: seenFindings(page, context),
    }
  const summary = summarize(opened)
  const fault = contentFault(page, context) ?? chainFault(state, summary)
  if (fault) return refused(...fault)
  const findings = [...chainFindings(state, summary), ...seenFindings(page, context), ...clockFindings(page)]
  return { verdict: 'accept', state: insertPage(state, summary), findings }
}

type Fault = readonly [PageCode, string]

/** What is wrong with the page whatever stands around it. */
function contentFault(page: Page, context: PageContext): Fault | undefined {
  if (context.now !== undefined && page.to > context.now + maxFutureMs)
    return ['future', `to ${page.to} is ${page.to - context.now} ms after now; set the gateway's clock`]
  const stranger = page.instruments.find(({ id }) => !context.mayName(page, id))
  if (stranger) return ['unknown_instrument', `"${stranger.id}" is not enrolled at ${page.gateway}`]
  const first = page.seq === 0
  if (first !== (page.prev === null))
    return ['chain', first ? 'seq 0 must have prev null' : `seq ${page.seq} must name its prev`]
  return undefined
}

/** What is wrong with the page beside its neighbours. */
function chainFault(state: ChainState, page: PageSummary): Fault | undefined {
  const own = pageCounterFault(page)
  if (own !== undefined) return ['counters', own]
  const { before, after } = neighbours(state, page.seq)
  return (before && pairFault(before.last, page)) ?? (after && pairFault(page, after.first))
}

function pairFault(before: PageSummary, after: PageSummary): Fault | undefined {
  if (after.from < before.to)
    return ['overlap', `page ${after.seq} begins ${before.to - after.from} ms before page ${before.seq} ends`]
  // Only the direct successor can say which bytes came before it; a missing page may have been refused.
  if (after.seq === before.seq + 1 && after.prev !== before.digest)
    return [
      'chain',
      `page ${after.seq} names prev ${after.prev ?? 'null'}; page ${before.seq} is ${before.digest}`,
    ]
  const fault = counterFault(before, after)
  return fault === undefined ? undefined : ['counters', fault]
}

function chainFindings(state: ChainState, page: PageSummary): Finding[] {
  const before = neighbours(state, page.seq).before?.last
  const findings: Finding[] = []
  const missing = page.seq - (before?.seq ?? -1) - 1
  if (missing > 0)
    findings.push({ code: 'gap', message: `${missing} page(s) missing before seq ${page.seq}` })
  const { dropped = 0 } = page
  const lost = dropped - (before ? (before.dropped ?? dropped) : 0)
  if (lost > 0) findings.push({ code: 'spool_dropped', message: `${lost} page(s) were lost to a full spool` })
  const fallen = before ? fallenEnergy(before, page) : []
  if (fallen.length > 0) findings.push({ code: 'energy_fell', message: `mwh fell: ${fallen.join(', ')}` })
  return findings
}

/** R8: what the gateway has seen must be a prefix of this log. A mismatch proves a split view or a rollback. */
function seenFindings({ seen }: Page, { rootAt }: PageContext): Finding[] {
  if (!seen || seen.size === 0 || !rootAt) return []
  const root = rootAt(seen.origin, seen.size)
  if (root === seen.root) return []
  const what = `the gateway has verified size ${seen.size} of ${seen.origin} with root ${seen.root}`
  return root === undefined
    ? [
        {
          code: 'seen_ahead',
          message: `${what}; this log has no such size: it was rolled back or is another`,
        },
      ]
    : [{ code: 'split_view', message: `${what}; here its root is ${root}: there are two logs of that name` }]
}
