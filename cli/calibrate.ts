import { writeFileSync } from 'node:fs'
import { proposalSettings } from '@hours/sensing'
import { Command } from 'commander'
import { calibrationSvg, calibrationText } from './calibrate-text.ts'
import { typedPath } from './paths.ts'
import { UsageError } from './recording-file.ts'
import { calibrateRecording, replayRecording } from './recorded.ts'
import { type ColumnOptions, openTyped, sayOrder, withColumns } from './replay-options.ts'

type Options = ColumnOptions & { readonly json?: boolean; readonly svg?: string }

/** `hours calibrate`: thresholds from recorded power, with evidence; exit code 3 when it refuses. */
export function calibrateCommand(): Command {
  const command = new Command('calibrate').description(
    'Proposes powered and run thresholds, dwell, hold and max gap from recorded power, with the evidence, or refuses and\n' +
      'says why (exit code 3). Nothing takes effect: `hours replay` shows what the proposal would have made of the past.',
  )
  return withColumns(command)
    .option('--json', 'print {accepted, reason, thresholds, levels, evidence, replay}')
    .option('--svg <file>', 'also draw the time at each power, with the thresholds')
    .action(async (paths: string[], options: Options) => {
      try {
        await run(paths, options)
      } catch (error) {
        if (error instanceof UsageError) command.error(`hours calibrate: ${error.message}`, { exitCode: 2 })
        throw error
      }
    })
}

async function run(paths: readonly string[], options: Options): Promise<void> {
  const recording = await openTyped(paths, options)
  sayOrder(recording)
  const found = await calibrateRecording(recording)
  const replay = found.thresholds
    ? await replayRecording(recording, proposalSettings(found.thresholds), options.zone)
    : null
  if (options.svg !== undefined) writeFileSync(typedPath(options.svg), calibrationSvg(found))
  console.log(options.json ? JSON.stringify({ ...found, replay }) : calibrationText(found))
  if (!found.accepted) process.exitCode = 3
}
