import type { Span } from '@hours/protocol'
import {
  type Calibration,
  createCalibrator,
  createReplayer,
  type DetectorSettings,
  type Replay,
} from '@hours/sensing'
import { createProgress } from './progress.ts'
import type { Recording } from './recording-file.ts'

/** Streams a recording through the detector; throws where no row gave a sample. */
export async function replayRecording(
  recording: Recording,
  settings: DetectorSettings,
  zone: string,
  onSpan: (span: Span) => void = () => undefined,
): Promise<Replay> {
  const replayer = createReplayer(settings, { zone, onSpan })
  const progress = createProgress('replay')
  const reasons = new Map<string, number>()
  let rows = 0
  await recording.read(
    (row) => {
      rows += 1
      if (typeof row !== 'string') {
        replayer.push(row)
        return
      }
      reasons.set(row, (reasons.get(row) ?? 0) + 1)
      replayer.reject(row)
    },
    (done, total) => progress.update(done, total),
  )
  progress.end(`${rows} rows`)
  const replay = replayer.end()
  if (replay) return replay
  throw new Error(
    `none of ${rows} rows gave a sample${listed(reasons)}. Fix: check --time, --power, --time-format, --min and --max.`,
  )
}

/** Reads the whole recording and calibrates; throws where no row gave a sample. */
export async function calibrateRecording(recording: Recording): Promise<Calibration> {
  const progress = createProgress('calibrate')
  const calibrator = createCalibrator()
  const reasons = new Map<string, number>()
  let rows = 0
  let samples = 0
  await recording.read(
    (row) => {
      rows += 1
      if (typeof row !== 'string') {
        samples += 1
        calibrator.push(row)
        return
      }
      reasons.set(row, (reasons.get(row) ?? 0) + 1)
      calibrator.reject(row)
    },
    (done, total) => progress.update(done, total),
  )
  progress.end(`${samples} of ${rows} rows are readings`)
  if (samples > 0) return calibrator.end()
  throw new Error(
    `none of ${rows} rows gave a sample${listed(reasons)}. Fix: check --time, --power and --time-format.`,
  )
}

function listed(reasons: ReadonlyMap<string, number>): string {
  const why = [...reasons].map(([reason, count]) => `${reason} ${count}`).join(', ')
  return why ? ` (${why})` : ''
}
