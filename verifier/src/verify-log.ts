import {
  type Finding,
  formatBase64,
  fromUtf8,
  isLinked,
  isOneOperatorQuorum,
  looksLikeOperators,
  openWithPolicy,
  type Policy,
  type TrustedCheckpoint,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { decodeRecord } from '@hours/protocol'
import { countEnrolled, type Enrolled } from './enrolled.ts'
import { createFacts, type Facts, type TakenEntry } from './facts.ts'
import { type LogSource } from './log-source.ts'
import { walkLog, type WalkedEntry } from './log-walk.ts'
import { createProblems, type Problem, type Problems } from './problem.ts'
import { createLookAhead, type Taken } from './look-ahead.ts'
import { createRootHistory, type RootHistory } from './root-history.ts'
import { checkTimes, type Cosigned, type TimeBounds } from './time-bounds.ts'

/** What reading a whole log came to. */
export interface LogVerdict {
  readonly ok: boolean
  readonly problems: readonly Problem[]
  readonly problemCount: number
  readonly findings: ReadonlyMap<Finding['code'], number>
  readonly logs: readonly {
    readonly origin: string
    readonly size: number
    /** So many leaves the policy's quorum has signed; for the rest the operator alone vouches. */
    readonly vouched: number
    readonly witnesses: readonly string[]
  }[]
  readonly enrolled: Enrolled
  /** How closely the witnesses' clocks bound the log's. */
  readonly times: TimeBounds
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
 * before, every record's signature and stream, every page by R1-R9; then its times by those of witnesses. Needs no database and no network of its own.
 */
export async function verifyLog(
  source: LogSource,
  policy: Policy,
  options: VerifyOptions = {},
): Promise<LogVerdict> {
  const problems = createProblems()
  const findings = new Map<Finding['code'], number>()
  const checkpoints = await openCheckpoints(source, policy, problems)
  const total = checkpoints.reduce((sum, { trusted }) => sum + trusted.checkpoint.size, 0)
  const histories = new Map<string, RootHistory>()
  const cosigned: Cosigned[] = []
  const ahead = createLookAhead(() => facts.replay.keys, total)
  const facts: Facts = createFacts({
    problems,
    crypto: ahead.crypto,
    found: ({ code }) => findings.set(code, (findings.get(code) ?? 0) + 1),
    rootAt: (origin, size) => histories.get(origin)?.rootAt(size),
  })
  let done = 0

  function take({ entry: { position }, record }: Taken<WalkedEntry>): void {
    if (position.index === 0) checkOpening(record, position.year, checkpoints, problems)
    facts.take(record, position)
    done += 1
    if (done % 1_024 === 0) options.onProgress?.(done, total)
  }

  try {
    for (const opened of checkpoints) {
      const { year, trusted } = opened
      const history = createRootHistory()
      histories.set(trusted.checkpoint.origin, history)
      for await (const entries of walkLog(source, year, trusted.checkpoint, { problems, history }))
        for (const taken of ahead.read(entries)) take(taken)
      if (history.size() !== trusted.checkpoint.size) continue
      cosigned.push(...(await openCosigned(source, opened, { policy, history, problems })))
    }
    for (const taken of ahead.rest<WalkedEntry>()) take(taken)
  } finally {
    ahead.close()
  }
  // Pages after the last `time` record are judged now.
  facts.accounts()
  const times = checkTimes(cosigned, { times: facts.replay.times, problems })
  options.onProgress?.(total, total)
  const logs = checkpoints.map(({ trusted, vouched }) => ({
    origin: trusted.checkpoint.origin,
    size: trusted.checkpoint.size,
    vouched: vouched.checkpoint.size,
    witnesses: vouched.witnesses.map(({ name }) => name),
  }))
  return {
    ok: problems.count() === 0 && checkpoints.length > 0,
    problems: problems.list(),
    problemCount: problems.count(),
    findings,
    logs,
    enrolled: countEnrolled(facts.records()),
    times,
    independent: !isOneOperatorQuorum(policy, looksLikeOperators(policy.logs.map(({ key }) => key))),
    simulated: logs.some(({ origin }) => isDemo(origin)),
    facts,
  }
}

interface OpenedYear {
  readonly year: number
  /** The newest checkpoint: everything up to here is read. */
  readonly trusted: TrustedCheckpoint
  /** The one that the policy's quorum has signed; smaller where the log has grown since the last round. */
  readonly vouched: TrustedCheckpoint
}

async function openCheckpoints(source: LogSource, policy: Policy, problems: Problems): Promise<OpenedYear[]> {
  const opened: OpenedYear[] = []
  const years = await source.years()
  if (years.length === 0) problems.add('unreadable', 'log', 'no year folder with a checkpoint is there')
  for (const year of years) {
    const signed = await source.checkpoint(year)
    if (signed === undefined) {
      problems.add('checkpoint', `${year}/checkpoint`, 'it is not there')
      continue
    }
    const where = `${year}/checkpoint`
    const trusted = openWithPolicy(signed, policy, nodeCrypto)
    if (trusted.ok) opened.push({ year, trusted: trusted.value, vouched: trusted.value })
    else if (trusted.error.code !== 'no_quorum') problems.add('checkpoint', where, trusted.error.message)
    else {
      const newest = openWithPolicy(signed, { ...policy, quorum: 'none' }, nodeCrypto)
      const latest = await source.file(year, 'checkpoints/latest')
      const vouched = latest && openWithPolicy(fromUtf8(latest) ?? '', policy, nodeCrypto)
      if (newest.ok && vouched?.ok === true)
        opened.push({ year, trusted: newest.value, vouched: vouched.value })
      else problems.add('no_quorum', where, trusted.error.message)
    }
  }
  return opened
}

const isDemo = (origin: string) => origin.startsWith('demo.')

/** What witnesses have signed, now and before, ascending; each must be the beginning of what was read. */
async function openCosigned(
  source: LogSource,
  { year, trusted, vouched }: OpenedYear,
  from: { readonly policy: Policy; readonly history: RootHistory; readonly problems: Problems },
): Promise<Cosigned[]> {
  const { policy, history, problems } = from
  const { origin, size: whole } = trusted.checkpoint
  // A demo may play a day a minute, and its clock goes on while a witness of its own is asked.
  const isPlayed = isDemo(origin)
  const found = new Map<number, Cosigned>()

  function take({ checkpoint, witnesses }: TrustedCheckpoint, path: string): void {
    const { size, root } = checkpoint
    if (checkpoint.origin !== origin || history.rootAt(size) !== formatBase64(root))
      problems.add(
        'split_view',
        `${year}/${path}`,
        `the witnesses have signed ${checkpoint.origin} of ${size} records, which is no beginning of this log`,
      )
    else if (witnesses.length > 0)
      found.set(size, { year, size, witnesses, hasMore: size < whole && !isPlayed })
  }

  for (const size of await source.kept(year)) {
    if (size > whole) continue
    const path = `checkpoints/${size}`
    const bytes = await source.file(year, path)
    const opened = bytes && openWithPolicy(fromUtf8(bytes) ?? '', policy, nodeCrypto)
    if (opened?.ok === true) take(opened.value, path)
    // One that fewer witnesses have signed says nothing under this policy.
    else if (opened && opened.error.code !== 'no_quorum')
      problems.add('checkpoint', `${year}/${path}`, opened.error.message)
  }
  take(vouched, vouched === trusted ? 'checkpoint' : 'checkpoints/latest')
  return [...found.values()].sort((a, b) => a.size - b.size)
}

/** The first leaf names this log and where the one before it ended; a swapped or cut year shows here. */
function checkOpening(
  record: TakenEntry,
  year: number,
  checkpoints: readonly OpenedYear[],
  problems: Problems,
): void {
  const at = checkpoints.findIndex((opened) => opened.year === year)
  const origin = checkpoints[at]?.trusted.checkpoint.origin
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
      `the opening names "${opening.value.origin}", the checkpoint "${String(origin)}"`,
    )
  if (!isLinked(opening.value.previous, checkpoints[at - 1]?.trusted.checkpoint))
    problems.add('log_link', `${year}/0`, 'the opening does not name the end of the log of the year before')
}
