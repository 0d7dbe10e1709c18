import { enrolledLines } from './enrolled-text.ts'
import { findingLines } from './findings-text.ts'
import type { LogSummary } from './verify-apart.ts'

/** For `--json`. */
export const logSummary = ({ findings, records, ...verdict }: LogSummary, notChecked: readonly string[]) => ({
  ...verdict,
  findings: Object.fromEntries(findings),
  records: Object.fromEntries(records),
  notChecked: [...enrolledLines(verdict.enrolled), ...notChecked],
})

function timesText({ checkpoints, widestMs }: LogSummary['times']): string {
  if (checkpoints === 0) return 'times: no witness bounds them from outside'
  const between = widestMs === undefined ? '' : `, at most ${count(Math.ceil(widestMs / 60_000))} min apart`
  return `times: held against the clocks of witnesses at ${count(checkpoints)} cosigned checkpoints${between}`
}

const count = (n: number) => n.toLocaleString('en')

/** The verdict on a whole log, for people. */
export function printLog(verdict: LogSummary, notChecked: readonly string[]): void {
  const { ok, independent, simulated, problems, problemCount, logs, records, findings } = verdict
  if (simulated) console.log('SIMULATED: a demo log, not evidence of anything')
  for (const { origin, size, vouched, witnesses } of logs) {
    const by = witnesses.join(', ') || 'nobody'
    const upTo = vouched < size ? ` up to ${count(vouched)}; the operator alone signs the rest` : ''
    console.log(`log ${origin}: ${count(size)} records, cosigned by ${by}${upTo}`)
  }
  const kinds = [...records].map(([kind, n]) => `${count(n)} ${kind}`)
  console.log(`checked: root from the entries, signatures, chains, streams of ${kinds.join(', ')}`)
  console.log(timesText(verdict.times))
  for (const line of findingLines(findings)) console.log(line)
  for (const { code, where, message } of problems) console.log(`PROBLEM ${code} at ${where}: ${message}`)
  if (problemCount > problems.length) console.log(`... and ${problemCount - problems.length} more`)
  console.log('not checked by anything here:')
  for (const line of [...enrolledLines(verdict.enrolled), ...notChecked]) console.log(`  - ${line}`)
  if (!ok) console.log(`RESULT: ${problemCount} problem(s); do not rely on these hours`)
  else if (!independent)
    console.log('RESULT: all holds, NOT INDEPENDENT: only the operator vouches for this log')
  else console.log('RESULT: all holds')
}
