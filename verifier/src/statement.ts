import { createHash } from 'node:crypto'
import { fromUtf8, parseRecord, type SignedRecord } from '@hours/ledger'
import {
  accept,
  bundleFiles,
  type Decoded,
  decodeReportStatement,
  readReportStatement,
  maxStatementBytes,
  refuse,
  type ReportStatement,
} from '@hours/protocol'
import { readRuleSet, type RuleSetDocument, ruleSetDocuments } from '@hours/usage'
import type { BundleFiles } from './bundle-files.ts'
import type { Stated } from './facts.ts'
import type { Problems } from './problem.ts'

/** A statement that could be read; its signature is checked once the log has said what the report key is. */
export interface ReadStatement {
  readonly signed: SignedRecord
  readonly statement: ReportStatement
}

export function readStatement(files: BundleFiles): Decoded<ReadStatement, 'statement'> {
  const bytes = files.read(bundleFiles.statement, maxStatementBytes)
  if (!bytes) return refuse('statement', 'it is not there, or too long')
  const signed = parseRecord(bytes, maxStatementBytes)
  if (!signed.ok) return refuse('statement', signed.error.message)
  const { kind, holder, payload, data } = signed.value
  if (kind !== 'statement' || holder !== 'report')
    return refuse('statement', `a ${kind} of ${holder}; a statement is signed by the report key`)
  const statement = data === undefined ? decodeReportStatement(payload) : readReportStatement(data)
  if (!statement.ok) return refuse('statement', statement.error.message)
  return accept({ signed: signed.value, statement: statement.value })
}

/** Every file is one the statement signs, with the digest it signs, and none is missing. */
export function checkSubjects(files: BundleFiles, { subject }: ReportStatement, problems: Problems): void {
  const stated = new Map<string, string>()
  for (const { name, digest } of subject) {
    if (stated.has(name)) problems.add('statement', name, 'the statement names this file twice')
    stated.set(name, digest.sha256)
  }
  for (const name of files.names) {
    if (name === bundleFiles.statement) continue
    const expected = stated.get(name)
    stated.delete(name)
    if (expected === undefined) problems.add('digest', name, 'the statement does not name this file')
    else if (files.digest(name) !== expected)
      problems.add('digest', name, 'it is not the file that was signed')
  }
  for (const name of stated.keys())
    problems.add('incomplete', name, 'the statement names it, but it is not there')
}

/** The rules the statement names: its file, and that nobody has swapped what the id stands for. */
export function readRules(
  files: BundleFiles,
  { ruleset }: ReportStatement['predicate'],
  { records, problems }: { readonly records: readonly Stated[]; readonly problems: Problems },
): RuleSetDocument | undefined {
  const name = bundleFiles.ruleset
  const bytes = files.read(name, 1 << 20)
  const text = bytes && fromUtf8(bytes)
  if (!bytes || createHash('sha256').update(bytes).digest('hex') !== ruleset.sha256) {
    problems.add('ruleset', name, 'it is not there, or not the document that the statement names')
    return undefined
  }
  const read = readRuleSet(parseJson(text ?? ''))
  if (!read.ok || read.value.id !== ruleset.id || read.value.version !== ruleset.version) {
    problems.add('ruleset', name, read.ok ? 'it is of another id or version' : read.error.message)
    return undefined
  }
  if (!knownRules(ruleset, records).some((known) => JSON.stringify(known) === text))
    problems.add(
      'ruleset',
      name,
      `${ruleset.id}@${ruleset.version} is neither built in nor a record shown: it was swapped`,
    )
  return read.value
}

/** What is known under that id and version: what comes with this software, and what the operator has signed. */
function knownRules({ id, version }: ReportStatement['predicate']['ruleset'], records: readonly Stated[]) {
  const signed = records.flatMap(({ record }) => (record.kind === 'ruleset' ? [record.body.body] : []))
  const isNamed = (data: unknown): data is object =>
    typeof data === 'object' &&
    data !== null &&
    'id' in data &&
    'version' in data &&
    data.id === id &&
    data.version === version
  return [...ruleSetDocuments, ...signed]
    .filter(isNamed)
    .map(readOnce)
    .flatMap((read) => (read.ok ? [read.value] : []))
}

/** Those that come with this software are read once, however many reports are checked. */
const readBefore = new WeakMap<object, ReturnType<typeof readRuleSet>>()

function readOnce(data: object): ReturnType<typeof readRuleSet> {
  const read = readBefore.get(data) ?? readRuleSet(data)
  readBefore.set(data, read)
  return read
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
