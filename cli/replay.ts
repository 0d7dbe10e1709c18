import type { Span } from '@hours/protocol'
import { type DetectorSettings, proposalSettings } from '@hours/sensing'
import { Command } from 'commander'
import { calibrateRecording, replayRecording } from './recorded.ts'
import { type Recording, UsageError } from './recording-file.ts'
import {
  type ColumnOptions,
  type LevelOptions,
  openTyped,
  sayOrder,
  settingsOf,
  withColumns,
  withLevels,
} from './replay-options.ts'
import { replayText } from './replay-text.ts'

type Options = ColumnOptions & LevelOptions & { readonly json?: boolean }

/** `hours replay`: recorded samples through the detector and the pages of a gateway, on the recording's own clock. */
export function replayCommand(): Command {
  const command = new Command('replay').description(
    'What recorded power would have made of an instrument: runs, hours by state and day, unknown time, rejected rows.\n' +
      'Two samples further apart than --max-gap leave unknown time, which is never counted as on or off and ends a run.',
  )
  return withLevels(withColumns(command))
    .option('--json', 'print {period, states, runs, days, rejected} in ms')
    .action(async (paths: string[], options: Options) => {
      try {
        await run(paths, options)
      } catch (error) {
        if (error instanceof UsageError) command.error(`hours replay: ${error.message}`, { exitCode: 2 })
        throw error
      }
    })
}

async function run(paths: readonly string[], options: Options): Promise<void> {
  const recording = await openTyped(paths, options)
  sayOrder(recording)
  const found = options.run === undefined ? await foundSettings(recording) : undefined
  const settings = settingsOf(options, recording.intervalMs, found)
  const spans: Span[] = []
  const replay = await replayRecording(recording, settings, options.zone, (span) => spans.push(span))
  console.log(options.json ? JSON.stringify(replay) : replayText(replay, spans, options.zone))
}

/** Without --run: what calibration proposes, or nothing that counts as run; says which on stderr. */
async function foundSettings(recording: Recording): Promise<DetectorSettings | undefined> {
  const { thresholds, reason } = await calibrateRecording(recording)
  process.stderr.write(
    thresholds
      ? `No --run: taken as calibrated, run from ${thresholds.runStartMw / 1_000} W (${reason}).\n`
      : `No --run, and calibration refuses (${reason}): nothing counts as run.\n`,
  )
  return thresholds ? proposalSettings(thresholds) : undefined
}
