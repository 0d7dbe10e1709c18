/** What a verification found wrong; closed, for machines. */
export type ProblemCode =
  | 'unreadable'
  | 'checkpoint'
  | 'no_quorum'
  | 'root_mismatch'
  | 'log_link'
  | 'opening'
  | 'bad_record'
  | 'wrong_signer'
  | 'stream_hole'
  | 'stream_fork'
  | 'refused_page'
  | 'equivocation'
  | 'split_view'
  | 'time'
  | 'digest'
  | 'statement'
  | 'proof'
  | 'incomplete'
  | 'ruleset'
  | 'figure'

/** One thing that is wrong, where, and what it means. */
export interface Problem {
  readonly code: ProblemCode
  /** File, position (`2026/17`) or stream. */
  readonly where: string
  readonly message: string
}

/** Collects problems without end or flood: the first of each code are kept, all are counted. */
export interface Problems {
  add(code: ProblemCode, where: string, message: string): void
  list(): readonly Problem[]
  count(): number
}

const keptPerCode = 50

export function createProblems(): Problems {
  const kept: Problem[] = []
  const counts = new Map<ProblemCode, number>()
  return {
    add(code, where, message) {
      const before = counts.get(code) ?? 0
      counts.set(code, before + 1)
      if (before < keptPerCode) kept.push({ code, where, message: message.slice(0, 500) })
    },
    list: () => kept,
    count: () => [...counts.values()].reduce((sum, n) => sum + n, 0),
  }
}
