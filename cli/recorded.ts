import type { Span } from '@hours/protocol'
import {
  type Calibration,
  calibrate,
  createReplayer,
  type DetectorSettings,
  type Replay,
  type Sample,
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
  const why = [...reasons].map(([reason, count]) => `${reason} ${count}`).join(', ')
  throw new Error(
    `none of ${rows} rows gave a sample${why ? ` (${why})` : ''}. Fix: check --time, --power, --time-format, --min and --max.`,
  )
}

/** Reads the whole recording and calibrates; throws where no row gave a sample. */
export async function calibrateRecording(recording: Recording): Promise<Calibration> {
  const progress = createProgress('calibrate')
  const samples: Sample[] = []
  let rows = 0
  await recording.read(
    (row) => {
      rows += 1
      if (typeof row !== 'string') samples.push(row)
    },
    (done, total) => progress.update(done, total),
  )
  progress.end(`${samples.length} of ${rows} rows are readings`)
  if (samples.length === 0)
    throw new Error(`none of ${rows} rows gave a sample. Fix: check --time, --power and --time-format.`)
  return calibrate(samples)
}
