import { join } from 'node:path'
import { rebuildIndex, rebuildSiteSeries } from '@hours/ingest'
import { Command } from 'commander'
import { typedPath } from './paths.ts'
import { createProgress } from './progress.ts'
import { influxOf, openSeriesStore, type SeriesFlags, withSeriesFlags } from './site-series.ts'

interface Flags extends SeriesFlags {
  readonly data: string
  readonly demo?: true
  readonly series?: true
}

/** `hours rebuild`: index and series are projections; this makes them again from the log alone. */
export function rebuildCommand(): Command {
  const command = new Command('rebuild')
    .description(
      'Makes index.sqlite again from the evidence log alone: every signature is checked, every figure computed anew.\n' +
        'With --series the series store as well: states, hours, days, hours of the week, and power out of operations.sqlite;\n' +
        'what nothing accounts for is set to zero or unknown. The old index stays until the new one is whole.\n' +
        'The ingest of this folder must be stopped.',
    )
    .option('--data <dir>', 'data folder of the ingest', process.env['HOURS_DATA'] ?? './data')
    .option('--demo', 'the demo’s data, in <dir>/demo')
    .option('--series', 'the series store too')
  return withSeriesFlags(command).action(async (flags: Flags) => {
    const dataDir = dataFolder(flags)
    const progress = createProgress('rebuild')
    const { entries, position } = await rebuildIndex(dataDir, (done, total) => progress.update(done, total))
    progress.end(`${entries} records`)
    console.log(
      position
        ? `${join(dataDir, 'index.sqlite')} holds everything up to ${position.year}/${position.index}.`
        : `${dataDir} holds an empty log.`,
    )
    if (flags.series) await rebuildStore(dataDir, flags)
  })
}

async function rebuildStore(dataDir: string, flags: SeriesFlags): Promise<void> {
  const { influx } = influxOf(flags)
  const store = openSeriesStore(dataDir, influx)
  const progress = createProgress('series')
  try {
    const { points, quarantined } = await rebuildSiteSeries(dataDir, {
      store,
      onProgress: (done, total) => progress.update(done, total),
    })
    progress.end(`${points} points`)
    console.log(`${influx ? store.name : 'series.sqlite'} holds ${points} points.`)
    if (quarantined === 0) return
    console.log(`${quarantined} more were refused for ever; outbox.sqlite holds each with its reason.`)
    process.exitCode = 1
  } finally {
    await store.close()
  }
}

/** The folder that `--data` and `--demo` name. */
export const dataFolder = ({ data, demo }: { data: string; demo?: true }): string =>
  demo ? join(typedPath(data), 'demo') : typedPath(data)
