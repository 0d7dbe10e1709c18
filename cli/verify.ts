import { readFileSync } from 'node:fs'
import { parsePolicy, type Policy } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { directorySource, httpSource, type LogVerdict, verifyLog } from '@hours/verifier'
import { Command } from 'commander'
import { typedPath } from './paths.ts'
import { createProgress } from './progress.ts'

/** Exit codes of records.md, section 10. */
const exit = { equal: 0, tampered: 1, usage: 2, notIndependent: 4 } as const

/** What no cryptography catches; said with every result (evidence.md, section 5). */
const notChecked = [
  'that the sensor is on the right cable: a dummy load, a bypassed plug, a shorted contact',
  'that a running instrument was used: it may have been left idling',
  'that an outside user is one: a facility and its user may agree to say so',
  'times inside the bracket between two `time` records (1 to 20 minutes)',
]

/** `hours verify`: reads a log, believes nothing, names what is wrong. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Verifies an evidence log offline: recomputes its root from the entries, checks every signature, chain and stream.\n' +
        'Exit codes: 0 all holds; 1 tampering or mismatch; 2 wrong usage; 4 holds, but nobody independent vouches for it.',
    )
    .requiredOption('--log <dir|url>', "the log's folder (with one folder a year), or its address")
    .requiredOption('--policy <file>', 'whom you trust (C2SP tlog-policy): log and witness vkeys, quorum')
    .option('--json', 'print the verdict as JSON')
    .action(async (options: { log: string; policy: string; json?: boolean }) => {
      const policy = readPolicy(typedPath(options.policy))
      const source = /^https?:\/\//.test(options.log)
        ? httpSource(options.log)
        : directorySource(typedPath(options.log))
      const progress = createProgress('verifying')
      const verdict = await verifyLog(source, policy, {
        onProgress: (done, all) => progress.update(done, all),
      })
      progress.end(
        `${verdict.logs.reduce((sum, { size }) => sum + size, 0).toLocaleString('en')} records read`,
      )
      if (options.json === true) console.log(JSON.stringify(summary(verdict), null, 1))
      else print(verdict)
      process.exitCode = !verdict.ok ? exit.tampered : verdict.independent ? exit.equal : exit.notIndependent
    })
}

function readPolicy(path: string): Policy {
  const policy = parsePolicy(readFileSync(path, 'utf8'), nodeCrypto.sha256)
  if (!policy.ok) throw new Error(`${path}: ${policy.error.message}`)
  return policy.value
}

const summary = ({
  ok,
  independent,
  simulated,
  problems,
  problemCount,
  logs,
  findings,
  facts,
}: LogVerdict) => ({
  ok,
  independent,
  simulated,
  problems,
  problemCount,
  logs,
  findings: Object.fromEntries(findings),
  records: Object.fromEntries(facts.counts()),
  notChecked,
})

function print(verdict: LogVerdict): void {
  const { ok, independent, simulated, problems, problemCount, logs, facts, findings } = verdict
  if (simulated) console.log('SIMULATED: a demo log, not evidence of anything')
  for (const { origin, size, vouched, witnesses } of logs) {
    const by = witnesses.join(', ') || 'nobody'
    const upTo =
      vouched < size ? ` up to ${vouched.toLocaleString('en')}; the operator alone signs the rest` : ''
    console.log(`log ${origin}: ${size.toLocaleString('en')} records, cosigned by ${by}${upTo}`)
  }
  const kinds = [...facts.counts()].map(([kind, count]) => `${count.toLocaleString('en')} ${kind}`)
  console.log(`checked: root from the entries, signatures, chains, streams of ${kinds.join(', ')}`)
  if (findings.size > 0)
    console.log(`noticed: ${[...findings].map(([code, count]) => `${count} ${code}`).join(', ')}`)
  for (const { code, where, message } of problems) console.log(`PROBLEM ${code} at ${where}: ${message}`)
  if (problemCount > problems.length) console.log(`... and ${problemCount - problems.length} more`)
  console.log('not checked by anything here:')
  for (const line of notChecked) console.log(`  - ${line}`)
  if (!ok) console.log(`RESULT: ${problemCount} problem(s); do not rely on these hours`)
  else if (!independent)
    console.log('RESULT: all holds, NOT INDEPENDENT: only the operator vouches for this log')
  else console.log('RESULT: all holds')
}
