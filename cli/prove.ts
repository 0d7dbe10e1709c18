import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatVkey, type Policy } from '@hours/ledger'
import { proveEntry, type WantedEntry } from '@hours/verifier'
import { Command } from 'commander'
import { typedPath } from './paths.ts'
import { readPolicy } from './policy-text.ts'
import { textOf } from './text-file.ts'

interface Flags {
  readonly page?: string
  readonly entry?: string
  readonly policy?: string
  readonly out: string
}

/** `hours prove`: one page of a report with a proof of its own, for tools that others wrote. */
export function proveCommand(): Command {
  const command: Command = new Command('prove')
  return command
    .description(
      'Takes one page or record out of a report, with a proof that it stands in the log (C2SP tlog-proof@v1) which\n' +
        'tools of others can check without the rest of the report. The proof is checked before it is written.\n' +
        'Exit codes: 0 written; 1 the entry is not shown, or does not stand in the log; 2 wrong usage.',
    )
    .argument('<dir>', 'the folder of a report')
    .option('--page <gateway/epoch/seq>', 'the page, such as gibh-em/0/17')
    .option('--entry <year/index>', 'instead: the place in the log, such as 2026/1234')
    .option('--policy <file>', "whom you trust (C2SP tlog-policy); without it the report's own")
    .option('--out <dir>', 'folder for entry.jws and entry.tlog-proof', '.')
    .action((dir: string, flags: Flags) => {
      let asked: { readonly wanted: WantedEntry; readonly policy: Policy | undefined }
      try {
        if (!existsSync(typedPath(dir))) throw new Error(`${dir} is not there. Fix: the folder of a report.`)
        asked = { wanted: wantedOf(flags), policy: policyOf(flags.policy) }
      } catch (error) {
        command.error(`hours prove: ${error instanceof Error ? error.message : String(error)}`, {
          exitCode: 2,
        })
      }
      const made = proveEntry(typedPath(dir), asked.wanted, asked.policy)
      if (!made.ok) throw new Error(made.error.message)
      const { position, entry, proof, log } = made.value
      const out = typedPath(flags.out)
      mkdirSync(out, { recursive: true })
      writeFileSync(join(out, 'entry.jws'), entry)
      writeFileSync(join(out, 'entry.tlog-proof'), proof)
      console.log(`entry ${position.year}/${position.index}: ${join(out, 'entry.jws')}, entry.tlog-proof`)
      console.log(`its log, for the policy of another tool: log ${formatVkey(log)}`)
    })
}

function wantedOf({ page, entry }: Flags): WantedEntry {
  if ((page === undefined) === (entry === undefined))
    throw new Error('name --page GATEWAY/EPOCH/SEQ or --entry YEAR/INDEX. Fix: one of the two.')
  if (page !== undefined) {
    const [, gateway = '', epoch, seq] = /^([a-z0-9-]{1,40})\/(\d{1,15})\/(\d{1,15})$/.exec(page) ?? []
    if (!gateway) throw new Error(`--page "${page}" is none. Fix: such as gibh-em/0/17.`)
    return { gateway, epoch: Number(epoch), seq: Number(seq) }
  }
  const [, year, index] = /^(\d{4})\/(\d{1,15})$/.exec(entry ?? '') ?? []
  if (!year) throw new Error(`--entry "${entry}" is none. Fix: such as 2026/1234.`)
  return { year: Number(year), index: Number(index) }
}

function policyOf(file: string | undefined): Policy | undefined {
  if (file === undefined) return undefined
  const policy = readPolicy(textOf('--policy', file))
  if (typeof policy === 'string') throw new Error(policy)
  return policy
}
