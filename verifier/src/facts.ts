import {
  type AccountBook,
  createAccountBook,
  createLogReplay,
  type Crypto,
  type Finding,
  isLogged,
  type LoggedPage,
  type LogReplay,
  type OpenedRecord,
  type parseRecord,
  type Position,
  type ReplayCode,
  type ReplayedPage,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import type { ProblemCode, Problems } from './problem.ts'

/** A verified record of the operator, the service or the report key, in log order; `time` records are not kept. */
export interface Stated {
  readonly record: OpenedRecord
  readonly at: Position
}

/** An entry taken apart by `parseRecord`. */
export type TakenEntry = ReturnType<typeof parseRecord>

/** What signed entries, read in log order, add up to; every broken rule became a problem. */
export interface Facts {
  /** Takes the next entry. */
  take(entry: TakenEntry, at: Position): void
  /** A record of which only the digest is shown; it still counts in its stream. */
  skip(stream: string, digest: string): void
  /** Ends the reading: what the pages account for, each with its standing and class. */
  accounts(): AccountBook
  records(): readonly Stated[]
  /** Keys, streams and times as they stand after the last entry. */
  readonly replay: Pick<LogReplay, 'keys' | 'stream' | 'times'>
  /** Entries by kind. */
  counts(): ReadonlyMap<string, number>
}

/**
 * Reads entries under all the rules of the ledger and sorts what it refuses into problems. `found` hears of what is
 * noteworthy but not wrong: gaps, stepped clocks. `rootAt` answers for the logs that pages say they have seen.
 */
export function createFacts(options: {
  readonly problems: Problems
  readonly found: (finding: Finding, where: string) => void
  readonly rootAt?: (origin: string, size: number) => string | undefined
  /** By default node's; one that has checked signatures ahead is quicker. */
  readonly crypto?: Crypto
  /** Hears of each page that stands in the log. */
  readonly page?: (page: ReplayedPage) => void
  /** Hears of each page that no `time` record stands behind, at the end of the reading. */
  readonly untimed?: (page: ReplayedPage) => void
}): Facts {
  const { problems, found, rootAt, crypto = nodeCrypto } = options
  const replay = createLogReplay({ crypto, ...(rootAt ? { rootAt } : {}) })
  const records: Stated[] = []
  /** Until a `time` record says when they came; then only what accounts for time is kept. */
  let waiting: ReplayedPage[] = []
  const accounts = createAccountBook()
  const counts = new Map<string, number>()

  function takePage(page: ReplayedPage, where: string): void {
    const { verdict } = page
    if (verdict.verdict === 'equivocation') problems.add('equivocation', where, verdict.reason)
    // Ingest answers the same bytes with their place; whoever logged them twice has not.
    if (verdict.verdict === 'duplicate')
      found({ code: 'replay', message: 'the same page again; it counts once' }, where)
    for (const finding of verdict.findings)
      if (finding.code === 'split_view' || finding.code === 'seen_ahead')
        problems.add('split_view', where, finding.message)
      else found(finding, where)
    options.page?.(page)
    if (isLogged(verdict)) waiting.push(page)
  }

  function judgeWaiting(): void {
    for (const page of waiting) accounts.add(judged(page, { replay, problems, untimed: options.untimed }))
    waiting = []
  }

  return {
    take(parsed, at) {
      const kind = parsed.ok ? parsed.value.kind : 'unreadable'
      const where = `${at.year}/${at.index}`
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      const leaf = parsed.ok ? replay.take(parsed.value, at) : parsed
      if (!leaf.ok) problems.add(problemOf(kind, leaf.error.code), where, `${kind}: ${textOf(leaf.error)}`)
      else if (leaf.value.type === 'page') takePage(leaf.value.page, where)
      else {
        if (leaf.value.record.kind === 'time') judgeWaiting()
        else records.push(leaf.value)
      }
    },
    skip: (stream, digest) => replay.skip(stream, digest),
    accounts() {
      judgeWaiting()
      return accounts
    },
    records: () => records,
    replay,
    counts: () => counts,
  }
}

const textOf = ({ code, message }: { readonly code: ReplayCode; readonly message: string }) =>
  `${code}: ${message}`

/** What a refusal by the ledger means to whoever reads a log that should never have taken the entry. */
function problemOf(kind: string, code: ReplayCode): ProblemCode {
  if (kind === 'page') return 'refused_page'
  if (code === 'stream_hole' || code === 'stream_fork' || code === 'wrong_signer') return code
  return kind === 'opening' ? 'opening' : 'bad_record'
}

/** Class and believability of a page by what the log says about time (R5-R7). */
function judged(
  replayed: ReplayedPage,
  {
    replay,
    problems,
    untimed,
  }: {
    readonly replay: LogReplay
    readonly problems: Problems
    readonly untimed: ((page: ReplayedPage) => void) | undefined
  },
): LoggedPage {
  const { digest, verdict, at } = replayed
  const { page } = replayed
  const standing = verdict.verdict === 'accept' ? 'accepted' : 'void'
  const time = replay.judge(replayed)
  if (!time.isTimed) untimed?.(replayed)
  if (time.unknown === 'time')
    problems.add('time', `${at.year}/${at.index}`, time.findings.map(({ message }) => message).join('; '))
  return { page, digest, standing, class: time.class, ...(time.unknown ? { unknown: time.unknown } : {}) }
}
