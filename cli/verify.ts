import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { bundleSummary, printBundle } from './bundle-verdict-text.ts'
import { logSummary, printLog } from './log-verdict-text.ts'
import { typedPath } from './paths.ts'
import { createProgress } from './progress.ts'
import { textOf } from './text-file.ts'
import { verifyApart, type VerifyAnswer, type VerifyTask } from './verify-apart.ts'

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
  readonly key?: string
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
    .addOption(
      new Option('--key <key>', 'for an address: API key of a regulator or auditor there').env('HOURS_KEY'),
    )
    .option(
      '--policy <file>',
      "whom you trust (C2SP tlog-policy): log and witness vkeys, quorum; without it a report's own",
    )
    .option('--json', 'print the verdict as JSON')
    .action(async (dir: string | undefined, flags: Flags) => {
      try {
        const task = taskOf(dir, flags)
        const progress = createProgress('verifying')
        const answer = await verifyApart(task, (done, all) => progress.update(done, all))
        progress.end(`${read(answer).toLocaleString('en')} records and pages read`)
        process.exitCode = tell(answer, flags)
      } catch (error) {
        // 1 is for tampering alone: whatever keeps it from reading at all is wrong usage.
        command.error(`hours verify: ${error instanceof Error ? error.message : String(error)}`, {
          exitCode: exit.usage,
        })
      }
    })
}

function taskOf(dir: string | undefined, flags: Flags): VerifyTask {
  if ((dir === undefined) === (flags.log === undefined))
    throw new Error('name the folder of a report, or --log and a log. Fix: one of the two.')
  const policy = flags.policy === undefined ? {} : { policy: textOf('--policy', flags.policy) }
  if (dir !== undefined) return { ...policy, report: reportFolder(typedPath(dir)) }
  const log = flags.log ?? ''
  const isAddress = /^https?:\/\//.test(log)
  return {
    ...policy,
    log: isAddress ? log : logFolder(typedPath(log)),
    ...(flags.key === undefined ? {} : { key: flags.key }),
  }
}

function reportFolder(dir: string): string {
  if (!existsSync(dir)) throw new Error(`${dir} is not there. Fix: the folder of a report.`)
  if (!statSync(dir).isDirectory())
    throw new Error(`${dir} is no folder. Fix: unpack it (unzip ${dir} -d report), then verify the folder.`)
  if (!existsSync(join(dir, 'statement.jws')))
    throw new Error(`${dir} has no statement.jws: no report. Fix: the folder of one; --log for a log.`)
  return dir
}

function logFolder(dir: string): string {
  if (!existsSync(dir) || !statSync(dir).isDirectory())
    throw new Error(`${dir} is not there, or no folder. Fix: the folder of a log.`)
  if (!readdirSync(dir).some((name) => /^\d{4}$/.test(name)))
    throw new Error(`${dir} has no folder of a year. Fix: the folder that has, such as <data>/log.`)
  return dir
}

/** How many entries of the log were read. */
function read(answer: VerifyAnswer): number {
  if ('report' in answer) return answer.report.counts.pages + answer.report.counts.records
  return 'log' in answer ? answer.log.logs.reduce((sum, { size }) => sum + size, 0) : 0
}

/** Prints the verdict; returns the exit code. */
function tell(answer: VerifyAnswer, { json = false, policy }: Flags): number {
  if ('usage' in answer) throw new Error(answer.usage)
  if ('unreadable' in answer) {
    const problems = [{ code: 'unreadable', where: 'the whole', message: answer.unreadable }]
    if (json)
      console.log(JSON.stringify({ ok: false, independent: false, problems, problemCount: 1 }, null, 1))
    else console.log(`PROBLEM unreadable: ${answer.unreadable}\nRESULT: 1 problem; do not rely on it`)
    return exit.tampered
  }
  const ownPolicy = policy !== undefined
  if ('report' in answer) {
    if (json) console.log(JSON.stringify({ ...bundleSummary(answer.report, ownPolicy), notChecked }, null, 1))
    else printBundle(answer.report, { ownPolicy, notChecked })
    return exitCode(answer.report)
  }
  if (json) console.log(JSON.stringify(logSummary(answer.log, notChecked), null, 1))
  else printLog(answer.log, notChecked)
  return exitCode(answer.log)
}

const exitCode = ({ ok, independent }: { readonly ok: boolean; readonly independent: boolean }) =>
  !ok ? exit.tampered : independent ? exit.equal : exit.notIndependent
