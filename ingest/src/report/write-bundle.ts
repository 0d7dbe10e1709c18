import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signRecord } from '@hours/ledger'
import { bundleFiles, DAY, logStream, maxStatementBytes, type ReportStatement } from '@hours/protocol'
import { type FigureLine, figuresCsv } from '@hours/usage'
import { IngestError } from '../ingest-error.ts'
import type { RunningIngest } from '../running-ingest.ts'
import type { Position } from '../ports.ts'
import { setsOf } from '../registry/sets.ts'
import { type BundleFiles, createBundleFiles } from './bundle-files.ts'
import { writeConsistency, writeLogs } from './bundle-logs.ts'
import { bundleReadme } from './bundle-readme.ts'
import { comparePositions } from './page-choice.ts'
import { policyText } from './policy-text.ts'
import { type LogChoice, readLog, type RecordMark } from './read-log.ts'
import { type AskedReport, askReport, reportFigures, type ReportWish } from './report-figures.ts'

export interface WriteBundleOptions extends ReportWish {
  /** Made, or empty. */
  readonly out: string
  readonly software: string
  /** Fixes the figures as a revision (records.md, section 8): a new one when anything has come in since the last. */
  readonly close?: boolean | undefined
  /** The site's tlog-policy, so that a reader has somebody to begin with; he should bring his own. */
  readonly policy?: string | undefined
  readonly onProgress?: (done: number, of: number) => void
  readonly signal?: AbortSignal
}

export interface WrittenBundle {
  readonly figures: readonly FigureLine[]
  readonly pages: number
  readonly revision: number | null
  /** Whether a witness has signed all that is shown; where not, nobody but the operator vouches for it. */
  readonly witnessed: boolean
  /** Of every file, statement included. */
  readonly names: readonly string[]
}

/**
 * Writes an evidence bundle (evidence.md, section 6): all that somebody without database and network needs to work out
 * the same figures again. Throws `bad_option` for a scope, period or folder that will not do, `log_damaged`.
 */
export async function writeBundle(
  ingest: RunningIngest,
  options: WriteBundleOptions,
): Promise<WrittenBundle> {
  const asked = askReport(ingest, options)
  mkdirSync(options.out, { recursive: true })
  if (readdirSync(options.out).length > 0)
    throw new IngestError('bad_option', `out: ${options.out} is not empty. Fix: name a new folder.`)
  if (options.close === true) await closePeriod(ingest, asked, await settledFigures(ingest, asked, options))
  const { figures, choice, revision } = await settledFigures(ingest, asked, options)
  // Twice: the first may be one that was under way already, over a log that has grown since.
  await ingest.witnessing.round()
  await ingest.witnessing.round()
  const files = createBundleFiles(options.out)
  writeRecords(ingest, files, choice)
  await writePages(ingest, files, choice, options)
  const { logs, witnessed } = writeLogs(ingest, files, shownOf(choice))
  writeConsistency(ingest, files, { logs, pages: choice.pages })
  const origins = logs.map(({ origin }) => origin)
  files.write(bundleFiles.policy, policyText(origins, ingest.keys.log.publicKey, options.policy))
  files.write(bundleFiles.figures, figuresCsv(figures))
  const ruleset = JSON.stringify(asked.rules.document)
  files.write(bundleFiles.ruleset, ruleset)
  files.write(bundleFiles.readme, bundleReadme(asked, ingest.simulated))
  const predicate: ReportStatement['predicate'] = {
    ...{ scope: asked.scope, period: asked.period, zone: asked.zone, at: ingest.clock.wall(), revision },
    ruleset: {
      id: asked.rules.document.id,
      version: asked.rules.document.version,
      sha256: createHash('sha256').update(ruleset).digest('hex'),
    },
    edition: 4,
    logs,
    streams: [...choice.streams].map(([stream, end]) => ({ stream, ...end })),
    figures: [...figures],
    software: options.software,
    simulated: ingest.simulated,
  }
  writeStatement(ingest, options.out, files, predicate)
  return {
    figures,
    revision,
    witnessed,
    pages: choice.pages.length,
    names: [...files.subjects().map(({ name }) => name), bundleFiles.statement],
  }
}

/** Figures and the evidence for them as of one position of the log: taken again when something came in between. */
async function settledFigures(ingest: RunningIngest, asked: AskedReport, options: WriteBundleOptions) {
  for (let tries = 0; tries < 5; tries++) {
    await ingest.settled()
    const before = ingest.index.position()
    const figures = await reportFigures(ingest, asked)
    const until = ingest.index.position()
    if (!before || !until) throw new IngestError('bad_option', 'the log is empty: there is nothing to report')
    const { signal } = options
    const choice = await readLog({ ...evidenceOf(ingest, asked, until), ...(signal ? { signal } : {}) })
    const isNew = (position: Position) => comparePositions(position, before) > 0
    if (!choice.isTimed) {
      await ingest.stampTime()
      continue
    }
    const closed = lastClose(ingest, asked)
    if (!touching(choice).some(isNew))
      return { figures, choice, until, closed, revision: closed?.record.revision ?? null }
  }
  throw new IngestError(
    'bad_option',
    'records of this period come in faster than it can be reported, or this clock is behind the log. Fix: try later.',
  )
}

const lastClose = ({ registry }: RunningIngest, { scope, period }: AskedReport) =>
  registry.records('close').findLast(({ record }) => record.scope === scope && record.period === period)

/** Records that are shown. */
const marksOf = (choice: LogChoice, which: (mark: RecordMark) => boolean = () => true): Position[] =>
  [...choice.records.values()].flatMap((marks) =>
    marks.flatMap((mark) => (mark.hidden === undefined && which(mark) ? [mark.position] : [])),
  )

/** What the figures may change with. */
const touching = (choice: LogChoice): Position[] => [
  ...choice.pages.map(({ position }) => position),
  ...marksOf(choice, ({ isNote }) => !isNote),
]

/** The figures as they are become the next revision, unless nothing has come in that touches them since the last. */
async function closePeriod(
  ingest: RunningIngest,
  { scope, period }: AskedReport,
  { choice, until, closed }: Awaited<ReturnType<typeof settledFigures>>,
): Promise<void> {
  const isLater = (position: Position) => !closed || comparePositions(position, closed.position) > 0
  if (closed && !touching(choice).some(isLater)) return
  const { log } = ingest
  await ingest.record('close', 'installation', {
    ...{ scope, period, origin: log.origin(until.year), size: until.index + 1 },
    revision: (closed?.record.revision ?? 0) + 1,
  })
}

/** Whose pages and records prove the figures: every gateway that an instrument of the scope was ever enrolled at. */
function evidenceOf(ingest: RunningIngest, { scope, entries, in: inZone }: AskedReport, until: Position) {
  const { log } = ingest
  const sets = setsOf(ingest.registry)
  const enrolments = entries.flatMap((entry) => entry.enrolments)
  const reach = DAY + Math.max(0, ...enrolments.map(({ prepMs, postMs }) => Math.max(prepMs, postMs)))
  const spans = entries.map(({ zone }) => inZone(zone))
  return {
    ...{ log, until, scope },
    gateways: new Set<string>(enrolments.map(({ gateway }) => gateway)),
    // The use of its parts is an instrument's own.
    keys: new Set(entries.flatMap(({ key }) => [key, ...sets.parts(key).map((part) => part.key)])),
    window: {
      from: Math.min(...spans.map(({ from }) => from)) - reach,
      to: Math.max(...spans.map(({ to }) => to)) + reach,
    },
  }
}

const shownOf = (choice: LogChoice): Position[] => [
  ...choice.pages.map(({ position }) => position),
  ...marksOf(choice),
  ...choice.log,
]

const placeOf = ({ year, index }: Position) => `${year}/${index}`

function writeRecords({ log }: RunningIngest, files: BundleFiles, choice: LogChoice): void {
  const all: [string, readonly RecordMark[]][] = [
    ...choice.records,
    [logStream, choice.log.map((position) => ({ position, isNote: false }))],
  ]
  for (const [stream, marks] of all) {
    const name = bundleFiles.records(stream)
    const [lines, places] = [files.lines(name), files.lines(bundleFiles.positions(name))]
    for (const { position, hidden } of marks) {
      lines.add(hidden === undefined ? log.entry(position) : `#${hidden}`)
      places.add(placeOf(position))
    }
    lines.close()
    places.close()
  }
}

async function writePages(
  { log }: RunningIngest,
  files: BundleFiles,
  { pages }: LogChoice,
  { onProgress, signal }: WriteBundleOptions,
): Promise<void> {
  const byFile = Map.groupBy(pages, ({ gateway, from }) =>
    bundleFiles.pages(gateway, new Date(from).toISOString().slice(0, 10)),
  )
  let done = 0
  for (const [name, own] of byFile) {
    const [lines, places] = [files.lines(name), files.lines(bundleFiles.positions(name))]
    for (const { position } of own) {
      lines.add(log.entry(position))
      places.add(placeOf(position))
    }
    lines.close()
    places.close()
    done += own.length
    signal?.throwIfAborted()
    onProgress?.(done, pages.length)
    await new Promise(setImmediate)
  }
}

function writeStatement(
  { keys }: RunningIngest,
  out: string,
  files: BundleFiles,
  predicate: ReportStatement['predicate'],
): void {
  const statement: ReportStatement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: files.subjects(),
    predicateType: 'hours-report/v1',
    predicate,
  }
  const bytes = signRecord({
    kind: 'statement',
    payload: JSON.stringify(statement),
    signer: keys.report,
    maxBytes: maxStatementBytes,
  })
  writeFileSync(join(out, bundleFiles.statement), bytes)
}

/** The policy that lies in a site's data folder, if there is one. */
export function sitePolicy(dataDir: string): string | undefined {
  const path = join(dataDir, 'policy')
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
