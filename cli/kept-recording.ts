import { openKeptPower } from '@hours/ingest'
import { keptSampleMs, samplesOfMinutes } from '@hours/sensing'
import { parsePeriod } from '@hours/usage'
import { dataFolder } from './rebuild.ts'
import { type Recording, UsageError } from './recording-file.ts'

/** Which kept minutes are meant. */
export interface KeptOptions {
  /** `site/instrument`. */
  readonly instrument: string
  /** As people type it (records.md, section 10), in `zone`. */
  readonly period: string
  readonly zone: string
  readonly data: string
  readonly demo?: true
}

/**
 * The minutes of power that a site has kept of one instrument over a period, as a recording: what `samplesOfMinutes` says
 * of them. Read beside a running ingest. Throws UsageError for a period or an instrument that does not fit.
 */
export function openKeptRecording(options: KeptOptions): Recording {
  const { instrument, period, zone } = options
  const asked = parsePeriod(period, zone)
  if (!asked.ok) throw new UsageError(`--${asked.error.message}`)
  const { from, to } = asked.value
  const dataDir = dataFolder(options)
  const opened = openKeptPower(dataDir)
  try {
    const all = opened.instruments()
    if (!all.includes(instrument))
      throw new UsageError(
        `--instrument "${instrument}": no power of it is kept. Fix: one of ${all.slice(0, 20).join(', ') || 'none: no power came yet'}.`,
      )
  } finally {
    opened.close()
  }
  return {
    timeFormat: 'kept minutes',
    orderTaken: undefined,
    sorted: false,
    intervalMs: keptSampleMs,
    read(onRow, progress) {
      const power = openKeptPower(dataDir)
      try {
        let count = 0
        for (const sample of samplesOfMinutes(power.minutes(instrument, from, to))) {
          onRow(sample)
          count += 1
          if (count % 20_000 === 0) progress?.(sample.at - from, to - from)
        }
        progress?.(to - from, to - from)
      } finally {
        power.close()
      }
      return Promise.resolve()
    },
  }
}
