import {
  createSeenTrail,
  formatBase64,
  isSeenBefore,
  parseCheckpoint,
  parseNote,
  parseOrigin,
} from '@hours/ledger'
import { bundleFiles, type ReportStatement } from '@hours/protocol'
import { IngestError } from '../ingest-error.ts'
import type { RunningIngest } from '../running-ingest.ts'
import type { Position } from '../ports.ts'
import type { BundleFiles } from './bundle-files.ts'
import type { PageMark } from './page-choice.ts'

type StatedLog = ReportStatement['predicate']['logs'][number]

/**
 * One folder a year of the log: a checkpoint that covers all entries shown, the one that witnesses have signed where it
 * does, and one proof that they stand where they are said to.
 */
export function writeLogs(
  { log }: Pick<RunningIngest, 'log'>,
  files: BundleFiles,
  shown: readonly Position[],
): { readonly logs: StatedLog[]; readonly witnessed: boolean } {
  const years = Map.groupBy(shown, ({ year }) => year)
  let witnessed = true
  const logs = log
    .years()
    .filter((year) => years.has(year))
    .map((year) => {
      const indices = (years.get(year) ?? []).map(({ index }) => index).sort((a, b) => a - b)
      // Of a year that is over the end, because the next one's opening names it.
      const isOver = year < Math.max(...years.keys())
      const least = isOver ? log.size(year) : (indices.at(-1) ?? 0) + 1
      const { note, isCosigned, ...stated } = checkpointOver(log, year, least)
      witnessed &&= isCosigned
      files.write(bundleFiles.checkpoint(year), note)
      files.write(bundleFiles.proof(year), Buffer.concat(log.subset(year, indices, stated.size)))
      return stated
    })
  return { logs, witnessed }
}

/** The newest checkpoint that witnesses have signed if it has all of `size` leaves, else the log's own. */
function checkpointOver(
  log: RunningIngest['log'],
  year: number,
  size: number,
): StatedLog & { note: string; isCosigned: boolean } {
  const latest = log.latestKept(year)
  for (const note of [latest, log.checkpoint(year)]) {
    const read = note === undefined ? undefined : parseNote(note)
    const checkpoint = read?.ok === true ? parseCheckpoint(read.value.text) : undefined
    if (note === undefined || checkpoint?.ok !== true || checkpoint.value.size < size) continue
    const { origin, size: leaves, root } = checkpoint.value
    return { note, isCosigned: note === latest, origin, size: leaves, root: formatBase64(root) }
  }
  throw new IngestError('log_damaged', `the log of ${year} has no checkpoint over ${size} leaves`)
}

/** What each chain of pages had seen last is a beginning of the log shown here (R8): a proof for each such size. */
export function writeConsistency(
  { log }: Pick<RunningIngest, 'log'>,
  files: BundleFiles,
  { logs, pages }: { readonly logs: readonly StatedLog[]; readonly pages: readonly PageMark[] },
): void {
  const written = new Set<string>()
  const trail = createSeenTrail()
  const origins = new Set(logs.map(({ origin }) => origin))
  for (const { gateway, epoch, seen, position } of pages)
    if (seen && seen.size > 0 && origins.has(seen.origin) && isSeenBefore(seen, position))
      trail.add(`${gateway}/${epoch}`, seen)
  for (const seen of trail.ends()) {
    const stated = logs.find(({ origin }) => origin === seen.origin)
    const year = parseOrigin(seen.origin)?.year
    if (!stated || year === undefined || seen.size > stated.size) continue
    const name = bundleFiles.consistency(year, seen.size)
    if (written.has(name)) continue
    written.add(name)
    const lines = log.consistency(year, seen.size, stated.size)
    files.write(name, lines.map((line) => `${line}\n`).join(''))
  }
}
