import { join } from 'node:path'
import { rebuildIndex } from '@hours/ingest'
import { Command } from 'commander'
import { typedPath } from './paths.ts'
import { createProgress } from './progress.ts'

/** `hours rebuild`: the index is a projection; this makes it again from the log alone. */
export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description(
      'Makes index.sqlite again from the evidence log alone: every signature is checked, every figure computed anew.\n' +
        'The old index stays until the new one is whole. The ingest of this folder must be stopped.',
    )
    .option('--data <dir>', 'data folder of the ingest', process.env['HOURS_DATA'] ?? './data')
    .option('--demo', 'the demo’s data, in <dir>/demo')
    .action(async (options: { data: string; demo?: true }) => {
      const dataDir = dataFolder(options)
      const progress = createProgress('rebuild')
      const { entries, position } = await rebuildIndex(dataDir, (done, total) => progress.update(done, total))
      progress.end(`${entries} records`)
      console.log(
        position
          ? `${join(dataDir, 'index.sqlite')} holds everything up to ${position.year}/${position.index}.`
          : `${dataDir} holds an empty log.`,
      )
    })
}

/** The folder that `--data` and `--demo` name. */
export const dataFolder = ({ data, demo }: { data: string; demo?: true }): string =>
  demo ? join(typedPath(data), 'demo') : typedPath(data)
