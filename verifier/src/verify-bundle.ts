import {
  type AccountBook,
  type Checkpoint,
  type Crypto,
  type Finding,
  isLinked,
  isOneOperatorQuorum,
  looksLikeOperators,
  parseOrigin,
  type Policy,
  type Position,
  verifyRecord,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { bundleFiles, type ReportStatement } from '@hours/protocol'
import { placeEntries, type ShownEntry } from './bundle-entries.ts'
import { type BundleFiles, openBundle } from './bundle-files.ts'
import { checkProof, createPlacing, openLogs, ownPolicy, type ShownLog } from './bundle-logs.ts'
import { createSeenBook } from './bundle-seen.ts'
import { type BundleVerdict, verdictOf } from './bundle-verdict.ts'
import { compareCsv, compareFigures } from './compare-figures.ts'
import { hasSets, linesOf, rulesOf } from './editions.ts'
import { countEnrolled } from './enrolled.ts'
import { createFacts, type Facts } from './facts.ts'
import { createLookAhead, type Taken } from './look-ahead.ts'
import { createProblems, type Problems } from './problem.ts'
import { recompute } from './recompute.ts'
import { checkTimes } from './time-bounds.ts'
import { checkSubjects, type ReadStatement, readRules, readStatement } from './statement.ts'

export interface VerifyBundleOptions {
  /** The reader's own; absent = the bundle's, which protects against nobody: never independent. */
  readonly policy?: Policy
  /** By default node's. */
  readonly crypto?: Crypto
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Checks a report offline, believing nothing in it (evidence.md, section 6): the statement and the digests of all files,
 * the checkpoints under the policy, that every entry stands in the log, every signature, stream and chain, and at last
 * every figure, worked out again and compared cell by cell. Never throws for what is in the folder.
 */
export function verifyBundle(dir: string, options: VerifyBundleOptions = {}): BundleVerdict {
  const problems = createProblems()
  const files = openBundle(dir)
  if (!files.ok) {
    problems.add('unreadable', 'bundle', files.error.message)
    return verdictOf(problems, { predicate: undefined })
  }
  try {
    return verifyBundleFiles(files.value, options, problems)
  } finally {
    files.value.close()
  }
}

/** As `verifyBundle`, for files that are open already. */
export function verifyBundleFiles(
  files: BundleFiles,
  options: VerifyBundleOptions = {},
  problems = createProblems(),
): BundleVerdict {
  const read = readStatement(files)
  if (!read.ok) {
    problems.add('statement', bundleFiles.statement, read.error.message)
    return verdictOf(problems, { predicate: undefined, files: files.names.length })
  }
  const { predicate } = read.value.statement
  checkSubjects(files, read.value.statement, problems)
  const policy = options.policy ?? ownPolicy(files, problems)
  const { crypto = nodeCrypto } = options
  const logs = policy
    ? openLogs(files, predicate.logs, { policy, problems, crypto })
    : new Map<number, ShownLog>()
  const { facts, seen, findings, hidden } = readEntries(files, { predicate, logs, problems, options })
  for (const log of logs.values()) checkProof(files, log, problems)
  checkOpenings(facts, logs, problems)
  checkSignature(read.value, facts, { logs, problems, crypto })
  checkStreams(predicate, facts, problems)
  checkRevision(predicate, facts, problems)
  const accounts = facts.accounts()
  checkTimes(cosignedOf(logs), { times: facts.replay.times, problems })
  const checked = seen.check()
  const cells = checkFigures(files, predicate, { facts, accounts, problems })
  return verdictOf(problems, {
    predicate,
    files: files.names.length,
    findings,
    ...{
      hidden,
      seen: checked,
      cells,
      pages: facts.counts().get('page') ?? 0,
      records: facts.records().length,
      ...countEnrolled(facts.records()),
    },
    independent:
      options.policy !== undefined &&
      !isOneOperatorQuorum(options.policy, looksLikeOperators(options.policy.logs.map(({ key }) => key))),
  })
}

/** A bundle has one checkpoint a year, and nothing of what came after it. */
const cosignedOf = (logs: ReadonlyMap<number, ShownLog>) =>
  [...logs.values()].map(({ year, trusted: { checkpoint, witnesses } }) => ({
    ...{ year, size: checkpoint.size, witnesses, hasMore: false },
  }))

/** Reads every entry in log order under all the rules. */
function readEntries(
  files: BundleFiles,
  from: {
    readonly predicate: ReportStatement['predicate']
    readonly logs: ReadonlyMap<number, ShownLog>
    readonly problems: Problems
    readonly options: VerifyBundleOptions
  },
) {
  const { predicate, logs, problems, options } = from
  const shown = placeEntries(files, problems)
  const placing = createPlacing(logs, problems)
  const seen = createSeenBook(files, checkpointsOf(predicate, logs), problems)
  const findings = new Map<Finding['code'], number>()
  const ahead = createLookAhead(() => facts.replay.keys, shown.total, options.crypto)
  const facts: Facts = createFacts({
    problems,
    crypto: ahead.crypto,
    found: ({ code }) => findings.set(code, (findings.get(code) ?? 0) + 1),
    page: (page) => seen.add(page),
    untimed: ({ at }) =>
      problems.add('incomplete', `${at.year}/${at.index}`, 'no `time` record shows when this page came'),
  })
  let done = 0
  let hidden = 0

  function take({ entry, record }: Taken<ShownEntry>): void {
    placing.take(entry)
    if (entry.hidden) facts.skip(entry.hidden.stream, entry.hidden.digest)
    else facts.take(record, entry.position)
    hidden += entry.hidden ? 1 : 0
    done += 1
    if (done % 512 === 0) options.onProgress?.(done, shown.total)
  }

  try {
    for (const taken of ahead.read(shown.entries())) take(taken)
    for (const taken of ahead.rest<ShownEntry>()) take(taken)
  } finally {
    ahead.close()
  }
  options.onProgress?.(shown.total, shown.total)
  return { facts, seen, findings, hidden }
}

/** Of each log that the statement names the checkpoint, where it can be trusted. */
const checkpointsOf = ({ logs: stated }: ReportStatement['predicate'], logs: ReadonlyMap<number, ShownLog>) =>
  new Map(
    stated.map(
      ({ origin }) => [origin, logs.get(parseOrigin(origin)?.year ?? 0)?.trusted.checkpoint] as const,
    ),
  )

/** Each log begins with an opening that names it and the end of the one before. */
function checkOpenings(facts: Facts, logs: ReadonlyMap<number, ShownLog>, problems: Problems): void {
  const openings = new Map(
    facts
      .records()
      .flatMap(({ record, at }) => (record.kind === 'opening' ? [[at.year, record.body] as const] : [])),
  )
  let before: Checkpoint | undefined
  for (const { year, trusted } of [...logs.values()].sort((a, b) => a.year - b.year)) {
    const { checkpoint } = trusted
    const opening = openings.get(year)
    if (opening?.origin !== checkpoint.origin)
      problems.add('opening', `${year}/0`, 'the first leaf is not shown, or opens another log')
    else if (!isLinked(opening.previous, before))
      problems.add('log_link', `${year}/0`, 'the opening does not name the end of the log before it')
    before = checkpoint
  }
}

/** The report key is the one that the log has enrolled. */
function checkSignature(
  { signed, statement }: ReadStatement,
  facts: Facts,
  {
    logs,
    problems,
    crypto,
  }: { readonly logs: ReadonlyMap<number, ShownLog>; readonly problems: Problems; readonly crypto: Crypto },
): void {
  const year = Math.max(0, ...logs.keys())
  const end: Position = { year, index: logs.get(year)?.trusted.checkpoint.size ?? 0 }
  const key = facts.replay.keys.find(signed.kid, end)
  if (!key.ok) problems.add('statement', bundleFiles.statement, key.error.message)
  else if (!verifyRecord(signed, key.value, crypto))
    problems.add('statement', bundleFiles.statement, `the signature by ${signed.kid} does not hold`)
  const isDemo = statement.predicate.logs.some(({ origin }) => origin.startsWith('demo.'))
  if (isDemo !== statement.predicate.simulated)
    problems.add('statement', 'simulated', 'a log that begins with "demo." is simulated, and no other is')
}

/** Each stream ends where the statement says: no record was left out at its end. */
function checkStreams({ streams }: ReportStatement['predicate'], facts: Facts, problems: Problems): void {
  const stated = new Set(streams.map(({ stream }) => stream))
  for (const { stream, next, last } of streams) {
    const end = facts.replay.stream(stream)
    if (end.next !== next || end.last !== last)
      problems.add('stream_hole', stream, `${end.next} records are shown, the statement has ${next}`)
  }
  for (const { record } of facts.records())
    if ('stream' in record.body && !stated.has(record.body.stream)) {
      problems.add('stream_hole', record.body.stream, 'the statement does not name this stream')
      stated.add(record.body.stream)
    }
}

/** The revision is that of the last `close` of this scope and period. */
function checkRevision(
  { scope, period, revision }: ReportStatement['predicate'],
  facts: Facts,
  problems: Problems,
): void {
  const closes = facts.records().flatMap(({ record }) => (record.kind === 'close' ? [record.body] : []))
  const last = closes.findLast((close) => close.scope === scope && close.period === period)?.revision ?? null
  if (last !== revision)
    problems.add('statement', 'revision', `stated ${String(revision)}, the records have ${String(last)}`)
}

/** The heart of it: every figure again, from nothing but what was verified. Returns how many cells were compared. */
function checkFigures(
  files: BundleFiles,
  predicate: ReportStatement['predicate'],
  {
    facts,
    accounts,
    problems,
  }: { readonly facts: Facts; readonly accounts: AccountBook; readonly problems: Problems },
): number {
  const { scope, period, figures, edition } = predicate
  const rules = readRules(files, predicate, { records: facts.records(), problems })
  compareCsv(files, figures, problems)
  if (!rules) return 0
  const made = recompute(
    { accounts, records: facts.records() },
    { scope, period, rules: rulesOf(edition, rules), hasSets: hasSets(edition) },
  )
  if (!made.ok) {
    problems.add('figure', scope, made.reason)
    return 0
  }
  if (made.zone !== predicate.zone)
    problems.add('figure', 'zone', `stated ${predicate.zone}, the records give ${made.zone}`)
  return compareFigures(figures, linesOf(edition, made.lines), problems)
}
