import { accept, refuse } from '@hours/protocol'
import { readTable, type TableRow } from './csv-table.ts'
import type { ImportRow } from './plan.ts'
import type { Read, ReadOptions } from './read-file.ts'
import { fault } from './row-fault.ts'

/**
 * Scheduler accounting as Slurm's `sacct --parsable2 --allocations` prints it, with `JobID,User,Account,Start,End` and
 * either `CPUTimeRAW` or `AllocCPUS,ElapsedRaw` among its fields; one record of computing a job, core-seconds as ms.
 * The account stands for who benefits, the cluster (or partition) for the instrument.
 */
export function readSacct(text: string, { cluster }: ReadOptions): Read {
  const table = readTable(text)
  if (!table.ok) return table
  const { heading, rows } = table.value
  const at = new Map(heading.map((name, i) => [name.toLowerCase(), i]))
  const missing = ['jobid', 'user', 'start', 'end'].filter((name) => !at.has(name))
  if (!at.has('cputimeraw') && !(at.has('alloccpus') && (at.has('elapsedraw') || at.has('elapsed'))))
    missing.push('cputimeraw (or alloccpus and elapsedraw)')
  if (missing.length > 0)
    return refuse(
      'bad_header',
      `sacct: ${missing.join(', ')} missing; run sacct -P -X -o JobID,Cluster,User,Account,Start,End,AllocNodes,CPUTimeRAW`,
    )
  const known = new Set(
    'jobid cluster partition user account start end state alloccpus allocnodes nnodes elapsed elapsedraw cputimeraw'.split(
      ' ',
    ),
  )
  const ignored = heading.filter((name) => name !== '' && !known.has(name.toLowerCase()))
  return accept({ rows: rowsOf(rows, at, cluster), ignored })
}

async function* rowsOf(
  rows: AsyncIterable<TableRow>,
  at: ReadonlyMap<string, number>,
  cluster: string | undefined,
): AsyncGenerator<ImportRow> {
  for await (const row of rows) {
    if ('fault' in row) yield row
    else {
      const cell = (name: string) => (row.cells[at.get(name) ?? -1] ?? '').trim()
      // Steps of a job (`17.batch`) are in the job's own line already.
      if (!cell('jobid').includes('.')) yield jobRow(row.line, cell, cluster)
    }
  }
}

function jobRow(line: number, cell: (name: string) => string, cluster = 'slurm'): ImportRow {
  const job = cell('jobid')
  const [start, end] = [cell('start'), cell('end')]
  if (/^(unknown|none|)$/i.test(start) || /^(unknown|none|)$/i.test(end)) {
    const reason = `job ${job} has not begun or not ended yet`
    return { line, fault: fault('end', end, reason, 'send it again when it has ended') }
  }
  const elapsed = elapsedSeconds(cell('elapsedraw') || cell('elapsed'))
  const cores = Number(cell('cputimeraw') || Number(cell('alloccpus')) * elapsed)
  const nodes = Number(cell('allocnodes') || cell('nnodes'))
  const from = instantOf(start)
  const of = cell('cluster') || cluster
  return {
    line,
    kind: 'compute',
    input: {
      id: `${of}:${job}:${start}`,
      instrument: cell('cluster') || cell('partition') || undefined,
      beneficiary: cell('account'),
      user: cell('user'),
      from,
      to: instantOf(end),
      coreMs: Math.round(cores * 1_000),
      ...(nodes > 0 && elapsed > 0 ? { nodeMs: Math.round(nodes * elapsed * 1_000) } : {}),
      jobs: 1,
    },
  }
}

/** With SLURM_TIME_FORMAT=%s times are Unix seconds; otherwise the cluster's local time. */
const instantOf = (text: string) => (/^\d{9,11}$/.test(text) ? Number(text) * 1_000 : text)

/** `[D-]HH:MM:SS`, or seconds. */
function elapsedSeconds(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  const parts = /^(?:(\d+)-)?(\d+):(\d{2}):(\d{2})$/.exec(text)
  if (!parts) return Number.NaN
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = parts
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)
}
