import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createIngest,
  createLogger,
  entriesOf,
  type ExportFormat,
  exportFormats,
  makeSheet,
  openLogReader,
  type RunningIngest,
  sitePolicy,
  writeBundle,
  writeExport,
} from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { Command, Option } from 'commander'
import { typedPath } from './paths.ts'
import { createProgress } from './progress.ts'
import { UsageError } from './run-command.ts'
import { dataFolder } from './rebuild.ts'
import { policyWitnesses } from './witnesses.ts'

interface Flags {
  readonly data: string
  readonly demo?: true
  readonly scope: string
  readonly period: string
  readonly format: ExportFormat | 'bundle'
  readonly ruleset?: string
  readonly close?: true
  readonly out?: string
  readonly schoolCode?: string
  readonly signedOffBy?: string
  readonly insCode?: string
}

/** `hours report`: figures of a scope and period as a file, or with all the evidence for them. */
export function reportCommand(): Command {
  return new Command('report')
    .description(
      'Writes the figures of a scope and period: as a table, a form, or as a bundle with all the evidence for them, which\n' +
        'anybody checks offline with hours verify. The ingest of this folder must be stopped; while it runs, ask its API\n' +
        '(POST /api/v1/reports) or its page.',
    )
    .requiredOption(
      '--period <period>',
      '2025, 2025-03, 2025-W02, AY2024, 2025-01-01..2025-01-08 (end excluded)',
    )
    .option('--scope <scope>', 'all, org:ID, channel:ID or site/instrument', 'all')
    .addOption(new Option('--format <format>').choices(['bundle', ...exportFormats]).default('bundle'))
    .option('--out <path>', 'folder of the bundle, or file; default named after scope and period')
    .option(
      '--close',
      'fix these figures as a revision first: a signed record, the next number if anything came in',
    )
    .option('--ruleset <id>', 'id or id@version; without one `default`')
    .option('--data <dir>', 'data folder of the ingest', process.env['HOURS_DATA'] ?? './data')
    .option('--demo', 'the demo’s data, in <dir>/demo')
    .option('--school-code <code>', 'for sj3')
    .option('--signed-off-by <person>', 'for sj3: who answers for unattributed hours left out')
    .option('--ins-code <code>', 'for nrii')
    .action(async (flags: Flags) => {
      const dataDir = dataFolder(flags)
      const ingest = await openSite(dataDir)
      try {
        if (flags.format === 'bundle') await bundle(ingest, dataDir, flags)
        else await sheet(ingest, { ...flags, format: flags.format })
      } finally {
        await ingest.close()
      }
    })
}

function openSite(dataDir: string): Promise<RunningIngest> {
  if (!existsSync(join(dataDir, 'log')))
    throw new UsageError(`--data: ${dataDir} holds no log. Fix: the data folder of an ingest, or --demo.`)
  const { logName } = openLogReader(join(dataDir, 'log'))
  return createIngest({
    dataDir,
    clock: systemClock,
    log: createLogger('warn'),
    logName,
    simulated: logName.startsWith('demo.'),
    witnesses: policyWitnesses(dataDir),
  })
}

const named = ({ scope, period }: Flags) => `hours-${scope.replaceAll(/[^a-z0-9-]/gi, '-')}-${period}`

async function bundle(ingest: RunningIngest, dataDir: string, flags: Flags): Promise<void> {
  const out = typedPath(flags.out ?? named(flags))
  const progress = createProgress('report')
  const { pages, names, figures, revision, witnessed } = await writeBundle(ingest, {
    ...{ scope: flags.scope, period: flags.period, ruleset: flags.ruleset, out, close: flags.close },
    software: '0.1.0',
    policy: sitePolicy(dataDir),
    onProgress: (done, of) => progress.update(done, of, () => 'pages'),
  })
  progress.end(`${pages.toLocaleString('en')} pages, ${names.length} files`)
  const digest = createHash('sha256')
    .update(readFileSync(join(out, 'statement.jws')))
    .digest()
  // Whoever reads the log sees that this was handed out.
  const { scope, period } = flags
  await ingest.record('report', 'installation', {
    ...{ statement: digest.toString('base64url'), scope, period, revision: revision ?? 0 },
  })
  if (!witnessed && policyWitnesses(dataDir).length > 0)
    console.log(
      'No witness has signed this state of the log: none answered. Fix: report again when one does.',
    )
  if (ingest.simulated) console.log('SIMULATED: a demo, evidence of nothing')
  console.log(
    `${out}: ${figures.length} figures; ${revision === null ? 'not closed' : `revision ${revision}`}; statement sha256 ${digest.toString('hex')}`,
  )
  console.log(`Check it anywhere: npm run -s hours -- verify ${out} --policy <your own policy>`)
}

async function sheet(ingest: RunningIngest, flags: Flags & { readonly format: ExportFormat }): Promise<void> {
  const { scope, period, ruleset, format, schoolCode, signedOffBy, insCode } = flags
  const entries = entriesOf({ ingest }, { entries: ingest.registry.instruments() }, scope)
  const progress = createProgress('report')
  const made = await makeSheet(
    { ingest },
    {
      scope,
      period,
      ruleset,
      entries,
      onProgress: (done, of) => progress.update(done, of, () => 'instruments'),
    },
  )
  const fields = { schoolCode, signedOffBy, insCode }
  const file = await writeExport(made, format, fields)
  progress.end(`${entries.length} instruments`)
  const out = typedPath(flags.out ?? file.name)
  writeFileSync(out, file.bytes)
  console.log(out)
}
