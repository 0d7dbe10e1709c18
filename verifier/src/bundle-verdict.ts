import type { Finding } from '@hours/ledger'
import type { ReportStatement } from '@hours/protocol'
import type { Enrolled } from './enrolled.ts'
import type { Problem, Problems } from './problem.ts'

/** What checking a report came to. */
export interface BundleVerdict {
  readonly ok: boolean
  readonly problems: readonly Problem[]
  readonly problemCount: number
  /** What the statement says it is; undefined when it cannot even be read. */
  readonly predicate: ReportStatement['predicate'] | undefined
  readonly findings: ReadonlyMap<Finding['code'], number>
  readonly counts: {
    readonly files: number
    readonly pages: number
    readonly records: number
    /** Records of which only the digest is shown. */
    readonly hidden: number
    /** Cells of figures compared. */
    readonly cells: number
    /** Sizes that gateways had seen and that were proved to be beginnings of the log. */
    readonly seen: number
  } & Enrolled
  /** Whether somebody other than the operator, by a policy of the reader's own, vouches for the log. */
  readonly independent: boolean
}

/** A report holds where nothing is wrong and something was compared. */
export function verdictOf(
  problems: Problems,
  about: Partial<BundleVerdict['counts']> &
    Pick<BundleVerdict, 'predicate'> &
    Partial<Pick<BundleVerdict, 'findings' | 'independent'>>,
): BundleVerdict {
  const { predicate, findings = new Map(), independent = false } = about
  const { files = 0, pages = 0, records = 0, hidden = 0, cells = 0, seen = 0 } = about
  const { enrolments = 0, unapproved = 0 } = about
  return {
    ok: problems.count() === 0 && cells > 0,
    problems: problems.list(),
    problemCount: problems.count(),
    predicate,
    findings,
    counts: { files, pages, records, hidden, cells, seen, enrolments, unapproved },
    independent,
  }
}
