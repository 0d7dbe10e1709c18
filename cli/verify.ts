import { existsSync, readFileSync } from 'node:fs'
import { parsePolicy, type Policy } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { directorySource, httpSource, type LogVerdict, verifyLog } from '@hours/verifier'
import { Command } from 'commander'
import { bundleSummary, printBundle } from './bundle-verdict-text.ts'
import { typedPath } from './paths.ts'
import { createProgress } from './progress.ts'
import { verifyReport } from './verify-report.ts'

/** Exit codes of records.md, section 10. */
const exit = { equal: 0, tampered: 1, usage: 2, notIndependent: 4 } as const

/** What no cryptography catches; said with every result (evidence.md, section 5). */
const notChecked = [
  'that the sensor is on the right cable: a dummy load, a bypassed plug, a shorted contact',
  'that a running instrument was used: it may have been left idling',
  'that an outside user is one: a facility and its user may agree to say so',
  'times inside the bracket between two `time` records (1 to 20 minutes)',
]

interface Flags {
  readonly log?: string
  readonly policy?: string
  readonly json?: boolean
}

/** `hours verify`: reads a report or a log, believes nothing, names what is wrong. */
export function verifyCommand(): Command {
  const command = new Command('verify')
  return command
    .description(
      'Verifies a report (a folder written by hours report, or an unpacked download): every signature, that all of it\n' +
        'stands in the log, every figure worked out again and compared cell by cell. Or a whole log with --log.\n' +
        'Needs no network and no database.\n' +
        'Exit codes: 0 all holds; 1 tampering or mismatch; 2 wrong usage; 4 holds, but nobody independent vouches for it.',
    )
    .argument('[dir]', 'the folder of a report')
    .option('--log <dir|url>', "instead: a log's folder (with one folder a year), or its address")
    .option(
      '--policy <file>',
      "whom you trust (C2SP tlog-policy): log and witness vkeys, quorum; without it a report's own",
    )
    .option('--json', 'print the verdict as JSON')
    .action(async (dir: string | undefined, flags: Flags) => {
      try {
        if ((dir === undefined) === (flags.log === undefined))
          throw new Error('name the folder of a report, or --log and a log. Fix: one of the two.')
        if (dir !== undefined) await report(typedPath(dir), flags)
        else await log(flags.log ?? '', flags)
      } catch (error) {
        // 1 is for tampering alone: whatever keeps it from reading at all is wrong usage.
        command.error(`hours verify: ${error instanceof Error ? error.message : String(error)}`, {
          exitCode: 2,
        })
      }
    })
}

async function report(dir: string, flags: Flags): Promise<void> {
  if (!existsSync(dir)) throw new Error(`${dir} is not there. Fix: the folder of a report.`)
  const progress = createProgress('verifying')
  const verdict = await verifyReport(
    { dir, policy: flags.policy === undefined ? undefined : readPolicy(typedPath(flags.policy)) },
    (done, all) => progress.update(done, all),
  )
  progress.end(`${verdict.counts.pages.toLocaleString('en')} pages read`)
  if (flags.json === true)
    console.log(
      JSON.stringify({ ...bundleSummary(verdict, flags.policy !== undefined), notChecked }, null, 1),
    )
  else printBundle(verdict, { ownPolicy: flags.policy !== undefined, notChecked })
  process.exitCode = exitCode(verdict)
}

async function log(where: string, flags: Flags): Promise<void> {
  if (flags.policy === undefined)
    throw new Error('--policy: missing. Fix: a tlog-policy with the vkeys of the log and of your witnesses.')
  const source = /^https?:\/\//.test(where) ? httpSource(where) : directorySource(typedPath(where))
  const progress = createProgress('verifying')
  const verdict = await verifyLog(source, readPolicy(typedPath(flags.policy)), {
    onProgress: (done, all) => progress.update(done, all),
  })
  progress.end(`${verdict.logs.reduce((sum, { size }) => sum + size, 0).toLocaleString('en')} records read`)
  if (flags.json === true) console.log(JSON.stringify(summary(verdict), null, 1))
  else print(verdict)
  process.exitCode = exitCode(verdict)
}

const exitCode = ({ ok, independent }: { readonly ok: boolean; readonly independent: boolean }) =>
  !ok ? exit.tampered : independent ? exit.equal : exit.notIndependent

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
