import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { typedPath } from './paths.ts'
import { sendToSite } from './site-request.ts'

const kinds = ['organisation', 'instrument', 'schedule', 'membership'] as const

interface Flags {
  readonly url: string
  readonly key?: string
  readonly ca?: string
  readonly kind?: (typeof kinds)[number]
  readonly dryRun?: true
  readonly charset?: string
  readonly json?: true
}

interface Fault {
  readonly field: string
  readonly value: string
  readonly reason: string
  readonly fix: string
}
interface Answer {
  readonly kind: string
  readonly dryRun: boolean
  readonly counts: Readonly<Record<'new' | 'same' | 'changed' | 'refused', number>>
  readonly rows: readonly {
    readonly line: number
    readonly about: string
    readonly fate: string
    readonly changes?: readonly string[]
    readonly faults?: readonly Fault[]
  }[]
  readonly ignored: readonly string[]
  readonly gateways: readonly {
    readonly site: string
    readonly gateway: string
    readonly revision: number
    readonly hasKey: boolean
    readonly fault: Fault | null
  }[]
}

/** `hours register`: tells a running site what it has, from files. */
export function registerCommand(): Command {
  return new Command('register')
    .description(
      'Sends a register to a running site: its organisations, instruments (with how they are sensed), opening hours, or the\n' +
        'networks that list them; one CSV each, recognised by its columns (docs/operating.md). Sending a file again is safe:\n' +
        'what stands already stays, and what differs changes from now on.\n' +
        'Exit codes: 0 all rows taken, 1 some refused, 2 the file or the server was not usable.',
    )
    .argument('<file>', 'a CSV file, or - for standard input')
    .option('--url <url>', 'where the site answers', process.env['HOURS_URL'] ?? 'http://127.0.0.1:8080')
    .addOption(new Option('--key <key>', 'API key with the right "enrol"').env('HOURS_KEY'))
    .option('--ca <file>', 'PEM of the authority that vouches for the site, such as <data>/ca/ca.pem')
    .addOption(new Option('--kind <kind>', 'what a row is; absent = by the columns').choices(kinds))
    .option('--dry-run', 'judge every row, write nothing')
    .option('--charset <name>', 'utf-8 or gb18030')
    .option('--json', 'print the answer of the site as it is')
    .action(async (file: string, flags: Flags) => {
      try {
        process.exitCode = await sendRegister(file, flags)
      } catch (cause) {
        console.error(cause instanceof Error ? cause.message : String(cause))
        process.exitCode = 2
      }
    })
}

async function sendRegister(file: string, flags: Flags): Promise<number> {
  const { url, key, ca, kind, dryRun, charset, json } = flags
  const query = new URLSearchParams({
    ...(kind === undefined ? {} : { kind }),
    ...(charset === undefined ? {} : { charset }),
    ...(dryRun ? { dryRun: '1' } : {}),
  })
  const { status, body } = await sendToSite(
    new URL(`/api/v1/registry/imports?${query.toString()}`, url).href,
    {
      key,
      ca: ca === undefined ? undefined : readFileSync(typedPath(ca), 'utf8'),
      bytes: new Uint8Array(readFileSync(file === '-' ? 0 : typedPath(file))),
      type: 'text/csv',
    },
  )
  if (json) console.log(JSON.stringify(body))
  if (status !== 200) {
    const { title, value, fix } = (body ?? {}) as Partial<Record<string, string>>
    if (!json) console.error([title, value, fix].filter(Boolean).join(': '))
    return 2
  }
  const answer = body as Answer
  if (!json) print(answer)
  return answer.counts.refused > 0 ? 1 : 0
}

function print({ kind, rows, ignored, dryRun, counts, gateways }: Answer): void {
  for (const { line, about, fate, changes = [], faults = [] } of rows) {
    if (fate === 'changed')
      console.log(`line ${line} ${about}: ${changes.join(', ')} will be other from now on`)
    for (const { field, value, reason, fix } of faults)
      console.log(`line ${line} ${about} refused: ${field} "${value}": ${reason}; ${fix}`)
  }
  if (ignored.length > 0) console.log(`columns that mean nothing here: ${ignored.join(', ')}`)
  const { new: added, same, changed, refused } = counts
  console.log(
    `${kind}: ${added} new, ${same} there already, ${changed} changed, ${refused} refused` +
      (dryRun ? ' (dry run: nothing was written)' : ''),
  )
  for (const one of gateways) console.log(nextStep(one))
}

/** What is still to be done before a gateway's hours come in. */
function nextStep({ site, gateway, revision, hasKey, fault }: Answer['gateways'][number]): string {
  const configured =
    fault === null
      ? revision > 0
        ? `configuration ${revision}`
        : 'no configuration yet: its own file says what it measures, or send source and thresholds'
      : `configuration not written: ${fault.field} "${fault.value}": ${fault.reason}; ${fault.fix}`
  const device = hasKey
    ? 'a device has come in'
    : `no device yet; on the site's machine: hours enrol --site ${site} --gateway ${gateway}`
  return `gateway ${gateway}: ${configured}; ${device}`
}
