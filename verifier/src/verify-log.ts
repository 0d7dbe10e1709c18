import {
  type Finding,
  formatBase64,
  isOneOperatorQuorum,
  looksLikeOperators,
  openWithPolicy,
  parseRecord,
  type Policy,
  type TrustedCheckpoint,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { decodeRecord } from '@hours/protocol'
import { createFacts, type Facts } from './facts.ts'
import { type LogSource } from './log-source.ts'
import { walkLog } from './log-walk.ts'
import { createProblems, type Problem } from './problem.ts'
import { createRootHistory, type RootHistory } from './root-history.ts'

/** What reading a whole log came to. */
export interface LogVerdict {
  readonly ok: boolean
  readonly problems: readonly Problem[]
  readonly problemCount: number
  readonly findings: ReadonlyMap<Finding['code'], number>
  readonly logs: readonly {
    readonly origin: string
    readonly size: number
    readonly witnesses: readonly string[]
  }[]
  /** Nobody but the operator vouches for the log: the result is "NOT INDEPENDENT". */
  readonly independent: boolean
  readonly simulated: boolean
  readonly facts: Facts
}

export interface VerifyOptions {
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Verifies a whole log in five steps a year: checkpoint under the policy, root from the entries, link to the year
 * before, every record's signature and stream, every page by R1-R8. Needs no database and no network of its own.
 */
export async function verifyLog(
  source: LogSource,
  policy: Policy,
  options: VerifyOptions = {},
): Promise<LogVerdict> {
  const problems = createProblems()
  const findings = new Map<Finding['code'], number>()
  const facts = createFacts(problems, ({ code }) => findings.set(code, (findings.get(code) ?? 0) + 1))
  const checkpoints = await openCheckpoints(source, policy, problems)
  const total = checkpoints.reduce((sum, { trusted }) => sum + trusted.checkpoint.size, 0)
  const histories = new Map<string, RootHistory>()
  const rootAt = (origin: string, size: number) => histories.get(origin)?.rootAt(size)
  let done = 0
  let previous: TrustedCheckpoint | undefined
  for (const { year, trusted } of checkpoints) {
    const { checkpoint } = trusted
    const history = createRootHistory()
    histories.set(checkpoint.origin, history)
    for await (const { position, bytes } of walkLog(source, year, checkpoint, { problems, history })) {
      if (position.index === 0) checkOpening(bytes, checkpoint.origin, previous, year, problems)
      facts.take(bytes, position, rootAt)
      done += 1
      if (done % 1_024 === 0) options.onProgress?.(done, total)
    }
    previous = trusted
  }
  const pages = facts.pages()
  options.onProgress?.(total, total)
  const logs = checkpoints.map(({ trusted }) => ({
    origin: trusted.checkpoint.origin,
    size: trusted.checkpoint.size,
    witnesses: trusted.witnesses.map(({ name }) => name),
  }))
  return {
    ok: problems.count() === 0 && checkpoints.length > 0 && pages.length >= 0,
    problems: problems.list(),
    problemCount: problems.count(),
    findings,
    logs,
    independent: !isOneOperatorQuorum(policy, looksLikeOperators(policy.logs.map(({ key }) => key))),
    simulated: logs.some(({ origin }) => origin.startsWith('demo.')),
    facts,
  }
}

async function openCheckpoints(
  source: LogSource,
  policy: Policy,
  problems: ReturnType<typeof createProblems>,
) {
  const opened: { year: number; trusted: TrustedCheckpoint }[] = []
  const years = await source.years()
  if (years.length === 0) problems.add('unreadable', 'log', 'no year folder with a checkpoint is there')
  for (const year of years) {
    const signed = await source.checkpoint(year)
    if (signed === undefined) {
      problems.add('checkpoint', `${year}/checkpoint`, 'it is not there')
      continue
    }
    const trusted = openWithPolicy(signed, policy, nodeCrypto)
    if (trusted.ok) opened.push({ year, trusted: trusted.value })
    else
      problems.add(
        trusted.error.code === 'no_quorum' ? 'no_quorum' : 'checkpoint',
        `${year}/checkpoint`,
        trusted.error.message,
      )
  }
  return opened
}

/** The first leaf names this log and where the one before it ended; a swapped or cut year shows here. */
function checkOpening(
  bytes: Uint8Array,
  origin: string,
  previous: TrustedCheckpoint | undefined,
  year: number,
  problems: ReturnType<typeof createProblems>,
): void {
  const record = parseRecord(bytes)
  const opening =
    record.ok && record.value.kind === 'opening' ? decodeRecord('opening', record.value.payload) : undefined
  if (opening?.ok !== true) {
    problems.add('opening', `${year}/0`, 'the first leaf is no opening record')
    return
  }
  if (opening.value.origin !== origin)
    problems.add(
      'opening',
      `${year}/0`,
      `the opening names "${opening.value.origin}", the checkpoint "${origin}"`,
    )
  const named = opening.value.previous
  const before = previous?.checkpoint
  const same =
    named === null
      ? before === undefined
      : named.origin === before?.origin &&
        named.size === before.size &&
        named.root === formatBase64(before.root)
  if (!same)
    problems.add('log_link', `${year}/0`, 'the opening does not name the end of the log of the year before')
}
