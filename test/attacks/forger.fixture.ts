import { parseRecord, type Position } from '@hours/ledger'
import type { ReportStatement } from '@hours/protocol'
import { figuresCsv, readRuleSet } from '@hours/usage'
import { createFacts, createProblems } from '@hours/verifier'
import { hasSets, linesOf as linesIn, rulesOf } from '../../verifier/src/editions.ts'
import { recompute } from '../../verifier/src/recompute.ts'
import { type ReportedSite, signedAgain, statementOf, withLines } from './bundle.fixture.ts'

export type Files = Map<string, Buffer>
type Predicate = ReportStatement['predicate']

/**
 * Whoever holds every key of the operator, the service and the report: he signs any record and statement, makes proofs
 * over his own log, and states figures that follow. What he has not got are the keys of gateways and witnesses.
 */
export interface Forger {
  /** All digests fit, and the report key signs. */
  signed(files: Files, change?: (of: Predicate) => Predicate): Files
  /** A proof for the entries that are shown, as far as the log has them. */
  proven(files: Files): Files
  /** The figures that these pages and records give. */
  figured(files: Files): Files
}

export function createForger(world: ReportedSite): Forger {
  const signed: Forger['signed'] = (files, change) => signedAgain(files, world.ingest.keys.report, change)
  return {
    signed,
    proven(files) {
      const { size = 0 } = statementOf(files).predicate.logs[0] ?? {}
      const shown = linesOf(files).filter(({ line, at }) => !line.startsWith('#') && at.year === 2026)
      const indices = [...new Set(shown.map(({ at }) => at.index))].filter((index) => index < size)
      const proof = world.ingest.log.subset(
        2026,
        indices.sort((a, b) => a - b),
        size,
      )
      return new Map([...files, ['logs/2026/proof', Buffer.concat(proof)]])
    },
    figured(files) {
      const facts = createFacts({ problems: createProblems(), found: () => undefined })
      const shown = linesOf(files).sort((a, b) => a.at.year - b.at.year || a.at.index - b.at.index)
      for (const { name, line, at } of shown)
        if (line.startsWith('#')) facts.skip(name.slice('records/'.length, -'.jwsl'.length), line.slice(1))
        else facts.take(parseRecord(Buffer.from(line)), at)
      const rules = readRuleSet(JSON.parse(files.get('ruleset.json')?.toString() ?? ''))
      if (!rules.ok) throw new Error(rules.error.message)
      const { scope, period, at, edition } = statementOf(files).predicate
      const asked = {
        ...{ scope, period, at },
        ...{ rules: rulesOf(edition, rules.value), hasSets: hasSets(edition) },
      }
      const made = recompute({ accounts: facts.accounts(), records: facts.records() }, asked)
      if (!made.ok) throw new Error(made.reason)
      const lines = linesIn(edition, made.lines)
      const table = new Map([...files, ['figures.csv', Buffer.from(figuresCsv(lines))]])
      return signed(table, (of) => ({ ...of, figures: [...lines] }))
    },
  }
}

interface PlacedLine {
  readonly name: string
  readonly line: string
  readonly at: Position
}

/** Every line of a bundle with the place it claims. */
function linesOf(files: Files): PlacedLine[] {
  const split = (name: string) => (files.get(name)?.toString() ?? '').split('\n').slice(0, -1)
  return [...files.keys()]
    .filter((name) => name.endsWith('.jwsl'))
    .flatMap((name) => {
      const places = split(`${name}.positions`)
      return split(name).map((line, i) => {
        const [year = '', index = ''] = (places[i] ?? '').split('/')
        return { name, line, at: { year: Number(year), index: Number(index) } }
      })
    })
}

/** A line more, or less, in a file and in the file of its places. */
export const withPlaced = (
  files: Files,
  name: string,
  change: (lines: string[], places: boolean) => string[],
): Files =>
  withLines(
    withLines(files, name, (lines) => change(lines, false)),
    `${name}.positions`,
    (lines) => change(lines, true),
  )

/** `bytes` as one more line of `name`, said to stand at `place`. */
export const withEntry = (files: Files, name: string, bytes: Uint8Array, place: string): Files =>
  withPlaced(files, name, (lines, isPlaces) => [...lines, isPlaces ? place : Buffer.from(bytes).toString()])
