import { enrolledLines } from './enrolled-text.ts'
import { findingLines } from './findings-text.ts'
import type { BundleVerdict } from '@hours/verifier'

/** What a report alone cannot show, beside what no cryptography shows: said with every verdict. */
function notShown({ counts, findings }: BundleVerdict): string[] {
  const gaps = findings.get('gap') ?? 0
  return [
    ...(counts.hidden > 0
      ? [
          `that the ${counts.hidden} records shown as digests alone are about others: read the whole log (--log) to see`,
        ]
      : []),
    ...(gaps > 0
      ? [`why ${gaps} stretch(es) of numbered pages are missing: their time counts as unknown`]
      : []),
    ...enrolledLines(counts),
    'that no second version of a page, and no `time` record, was left out of this folder: read the whole log to see',
    'that the log has nothing later that touches this period: ask for the newest revision',
  ]
}

/** For `--json`. */
export function bundleSummary(verdict: BundleVerdict, ownPolicy: boolean) {
  const { predicate, findings, ...rest } = verdict
  return {
    ...rest,
    policy: ownPolicy ? 'yours' : "the bundle's own",
    findings: Object.fromEntries(findings),
    notShown: notShown(verdict),
    ...(predicate
      ? {
          scope: predicate.scope,
          period: predicate.period,
          ruleset: predicate.ruleset,
          logs: predicate.logs,
          revision: predicate.revision,
          simulated: predicate.simulated,
        }
      : {}),
  }
}

const count = (n: number) => n.toLocaleString('en')

/** The verdict for people. */
export function printBundle(
  verdict: BundleVerdict,
  { ownPolicy, notChecked }: { readonly ownPolicy: boolean; readonly notChecked: readonly string[] },
): void {
  const { predicate, counts, problems, problemCount, findings, ok, independent } = verdict
  if (predicate?.simulated === true) console.log('SIMULATED: a demo, evidence of nothing')
  if (predicate) {
    const { scope, period, ruleset, logs } = predicate
    console.log(`report of ${scope} in ${period} under ${ruleset.id}@${ruleset.version}`)
    for (const { origin, size } of logs) console.log(`log ${origin} at ${count(size)} records`)
    console.log(`policy: ${ownPolicy ? 'yours' : "the bundle's own, which protects against nobody"}`)
  }
  console.log(
    `checked: digests of ${count(counts.files)} files; signatures and chains of ${count(counts.pages)} pages; ` +
      `${count(counts.records)} records and ${count(counts.hidden)} digests of others without holes; ` +
      `one proof a year that they stand in the log; ${count(counts.seen)} sizes that gateways had seen`,
  )
  console.log(`figures: ${count(counts.cells)} cells worked out again and compared`)
  for (const line of findingLines(findings)) console.log(line)
  for (const { code, where, message } of problems) console.log(`PROBLEM ${code} at ${where}: ${message}`)
  if (problemCount > problems.length) console.log(`... and ${problemCount - problems.length} more`)
  console.log('not checked by anything here:')
  for (const line of [...notShown(verdict), ...notChecked]) console.log(`  - ${line}`)
  if (!ok) console.log(`RESULT: ${problemCount} problem(s); do not rely on these figures`)
  else if (!independent)
    console.log(
      'RESULT: every figure follows from the evidence, NOT INDEPENDENT: only the operator vouches for the log',
    )
  else console.log('RESULT: every figure follows from the evidence')
}
