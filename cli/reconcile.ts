import { existsSync } from 'node:fs'
import { type Difference, reconcile, type Reconciled, type SeriesStore } from '@hours/ingest'
import { Command, InvalidArgumentError } from 'commander'
import { createProgress } from './progress.ts'
import { dataFolder } from './rebuild.ts'
import { embeddedPath, influxOf, openSeriesStore, type SeriesFlags, withSeriesFlags } from './site-series.ts'

interface Flags extends SeriesFlags {
  readonly data: string
  readonly demo?: true
  readonly json?: true
  readonly since?: number
  readonly series: boolean
}

/** `hours reconcile`: what log, index and series disagree about, row by row. */
export function reconcileCommand(): Command {
  const command = new Command('reconcile')
    .description(
      'Projects the log anew beside the running system and names every row of the index that differs, and every state,\n' +
        'hour, day, hour of the week and minute of power of the series (embedded, or InfluxDB with --influx-url).\n' +
        'Exit codes: 0 all equal, 1 differences or a damaged log.',
    )
    .option('--data <dir>', 'data folder of the ingest', process.env['HOURS_DATA'] ?? './data')
    .option('--demo', 'the demo’s data, in <dir>/demo')
    .option(
      '--since <date>',
      'compare the series from this day on, YYYY-MM-DD (UTC); default everything',
      dayOf,
    )
    .option('--no-series', 'leave the series out')
    .option(
      '--json',
      'print {position, entries, compared, points, waiting, untold, refused, foreign, differences}',
    )
  return withSeriesFlags(command).action(async (flags: Flags) => {
    const dataDir = dataFolder(flags)
    const store = seriesOf(dataDir, flags)
    const progress = createProgress('reconcile')
    try {
      const found = await reconcile(dataDir, {
        ...(store ? { series: store } : {}),
        ...(flags.since === undefined ? {} : { since: flags.since }),
        onProgress: (done, total) => progress.update(done, total),
      })
      progress.end(
        `${found.entries} records, ${found.points} points, ${found.differences.length} differences`,
      )
      if (flags.json) console.log(JSON.stringify(found))
      else for (const one of found.differences) console.log(line(one))
      if (!flags.json) for (const note of notesOf(found)) console.log(note)
      if (found.differences.length > 0) process.exitCode = 1
      else if (!flags.json) console.log(`log and index${store ? ' and series' : ''} agree in every row.`)
    } finally {
      await store?.close()
    }
  })
}

/** What is no difference, and may be the reason of one. */
const notesOf = ({ waiting, untold, refused, foreign }: Reconciled): string[] => [
  ...(waiting > 0
    ? [`${waiting} points still wait in the outbox: what they say is not in the series yet.`]
    : []),
  ...(untold > 0
    ? [`${untold} days of instruments have yet to be told to the series; they are not compared.`]
    : []),
  ...refused.map(({ reason, points }) => `${points} points were refused for ever: ${reason}`),
  ...foreign.map((one) => `somebody else writes here: ${one}`),
]

/** The store that is named, or the embedded one where there is one. */
function seriesOf(dataDir: string, flags: Flags): SeriesStore | undefined {
  const { influx } = influxOf(flags)
  if (!flags.series || (!influx && !existsSync(embeddedPath(dataDir)))) return undefined
  return openSeriesStore(dataDir, influx)
}

function dayOf(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError(`"${text}" is no day. Fix: --since 2026-01-31`)
  return at
}

const line = ({ store, table, row, log, found }: Difference) =>
  `${store} ${table} ${row}\n  log says   ${log}\n  ${store} says ${found}`
