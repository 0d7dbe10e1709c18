import { type Difference, reconcile } from '@hours/ingest'
import { Command } from 'commander'
import { createProgress } from './progress.ts'
import { dataFolder } from './rebuild.ts'

/** `hours reconcile`: what log, index and series disagree about, row by row. */
export function reconcileCommand(): Command {
  return new Command('reconcile')
    .description(
      'Projects the log anew beside the running system and names every row of the index that differs.\n' +
        'Exit codes: 0 all equal, 1 differences or a damaged log.',
    )
    .option('--data <dir>', 'data folder of the ingest', process.env['HOURS_DATA'] ?? './data')
    .option('--demo', 'the demo’s data, in <dir>/demo')
    .option('--json', 'print {position, entries, compared, differences}')
    .action(async (options: { data: string; demo?: true; json?: true }) => {
      const progress = createProgress('reconcile')
      const found = await reconcile(dataFolder(options), {
        onProgress: (done, total) => progress.update(done, total),
      })
      progress.end(`${found.entries} records, ${found.differences.length} differences`)
      if (options.json) console.log(JSON.stringify(found))
      else for (const one of found.differences) console.log(line(one))
      if (found.differences.length > 0) process.exitCode = 1
      else if (!options.json) console.log('log and index agree in every row.')
    })
}

const line = ({ store, table, row, log, found }: Difference) =>
  `${store} ${table} ${row}\n  log says   ${log}\n  ${store} says ${found}`
