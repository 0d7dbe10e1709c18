import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'

interface Flags {
  readonly url: string
  readonly key?: string
  readonly dryRun?: true
  readonly format?: string
  readonly kind?: string
  readonly site?: string
  readonly instrument?: string
  readonly channel?: string
  readonly beneficiary?: string
  readonly purpose?: string
  readonly charset?: string
  readonly cluster?: string
  readonly json?: true
}

interface Row {
  readonly line: number
  readonly fate: string
  readonly field?: string
  readonly value?: string
  readonly reason?: string
  readonly fix?: string
  readonly warnings?: readonly { readonly reason: string }[]
}
interface Answer {
  readonly accepted: number
  readonly repeated: number
  readonly corrections: number
  readonly refused: number
  readonly rows: readonly Row[]
  readonly ignored: readonly string[]
  readonly dryRun: boolean
}

/** `hours import`: sends a file, or a calendar's feed, to a running ingest and prints what became of each row. */
export function importCommand(): Command {
  return new Command('import')
    .description(
      'Sends sessions, bookings, claimed hours, core-hours and the like to a running ingest: CSV, iCalendar, NRII service\n' +
        'records, sacct or JSON (docs/sessions-and-imports.md). Sending a file again is safe.\n' +
        'Exit codes: 0 all rows taken, 1 some refused, 2 the file or the server was not usable.',
    )
    .argument('<file>', 'a file, - for standard input, or an http(s) address such as a calendar feed')
    .option('--url <url>', 'where the ingest answers', process.env['HOURS_URL'] ?? 'http://127.0.0.1:8080')
    .addOption(new Option('--key <key>', 'API key with the right "write"').env('HOURS_KEY'))
    .option('--dry-run', 'judge every row, write nothing')
    .option('--format <format>', 'csv, ical, nrii, sacct or json; absent = by how the file begins')
    .option('--kind <kind>', 'what a row is: session, booking, claim, compute, charge, ...')
    .option('--site <site>', 'where an instrument without a site is looked for')
    .option('--instrument <key>', 'site/instrument, for rows that name none')
    .option('--channel <id>', 'the channel of external ids')
    .option('--beneficiary <id>', 'for rows that name none')
    .option('--purpose <purpose>', 'research, teaching or service, for rows that name none')
    .option('--charset <name>', 'utf-8 or gb18030')
    .option('--cluster <name>', 'name of the Slurm cluster')
    .option('--json', 'print the answer of the ingest as it is')
    .action(async (file: string, flags: Flags) => {
      try {
        process.exitCode = await sendFile(file, flags)
      } catch (cause) {
        // `fetch failed` says nothing; what it failed of does.
        const { message, cause: why } = cause as Error
        console.error(`${message}${why instanceof Error ? `: ${why.message}` : ''}`)
        process.exitCode = 2
      }
    })
}

async function sendFile(file: string, flags: Flags): Promise<number> {
  const { url, key, dryRun, json, ...rest } = flags
  const query = new URLSearchParams(
    Object.entries(rest).map(([name, value]): [string, string] => [name, value]),
  )
  if (dryRun) query.set('dryRun', '1')
  if (!json) query.set('rows', 'problems')
  const { bytes, type } = await contents(file)
  const response = await fetch(new URL(`/api/v1/imports?${query.toString()}`, url), {
    method: 'POST',
    headers: { 'content-type': type, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    body: bytes,
  })
  const answer: unknown = await response.json()
  if (json) console.log(JSON.stringify(answer))
  if (!response.ok) {
    if (!json) console.error(problemText(answer))
    return 2
  }
  const taken = answer as Answer
  if (!json) print(taken)
  return taken.refused > 0 ? 1 : 0
}

async function contents(file: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; type: string }> {
  if (!/^https?:/.test(file))
    return { bytes: new Uint8Array(readFileSync(file === '-' ? 0 : file)), type: 'application/octet-stream' }
  const response = await fetch(file, { signal: AbortSignal.timeout(60_000) })
  if (!response.ok)
    throw new Error(`${file} answers ${String(response.status)}. Fix: check the address of the feed.`)
  const type = response.headers.get('content-type') ?? 'application/octet-stream'
  return { bytes: new Uint8Array(await response.arrayBuffer()), type }
}

function print({ rows, ignored, dryRun, accepted, repeated, corrections, refused }: Answer): void {
  for (const { line, fate, field, value, reason, fix, warnings = [] } of rows) {
    const what = field === undefined ? '' : ` ${field} "${value ?? ''}":`
    console.log(`line ${line} ${fate}:${what} ${[reason, fix].filter(Boolean).join('; ')}`)
    for (const warning of warnings) console.log(`line ${line} look at it: ${warning.reason}`)
  }
  if (ignored.length > 0) console.log(`columns that mean nothing here: ${ignored.join(', ')}`)
  const would = dryRun ? ' (dry run: nothing was written)' : ''
  console.log(
    `${accepted} accepted, ${repeated} there already, ${corrections} wait as corrections, ${refused} refused${would}`,
  )
}

function problemText(answer: unknown): string {
  const { title, detail, value, fix } = (answer ?? {}) as Record<string, unknown>
  return [title, detail, value, fix].filter((one) => typeof one === 'string').join(': ')
}
