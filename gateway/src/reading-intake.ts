import type { Millis } from '@hours/protocol'
import type { DecodedReading } from '@hours/sensing'
import type { Logger } from 'pino'
import type { CalibrationWatch } from './calibration-watch.ts'
import type { LiveView } from './live-view.ts'
import type { Logbook } from './logbook.ts'
import type { SourceWatch } from './source-watch.ts'

/** Takes a decoded reading of source `source` (0 = first) of an instrument; `arrival` in Unix ms. */
export type TakeReading = (
  instrument: string,
  source: number,
  reading: DecodedReading,
  arrival: Millis,
) => void

/** Where readings of every kind of source end: in the logbook, the live view, and before those who watch the sources. */
export function createReadingIntake(options: {
  readonly gateway: string
  readonly logbook: Logbook
  readonly watch: SourceWatch
  readonly calibration: CalibrationWatch | undefined
  readonly live: LiveView
  readonly log: Logger
}): TakeReading {
  const { gateway, logbook, watch, calibration, live, log } = options
  return (instrument, source, reading, arrival) => {
    const book = logbook.instruments.get(instrument)
    if (!book) return
    if (!reading.ok) {
      const { code, message } = reading.error
      logbook.reject(instrument, source, arrival)
      watch.refused(instrument, source, code, arrival)
      log.debug({ gateway, instrument, source, code, reason: message }, 'reading refused')
    } else if (reading.value.kind === 'sample') {
      const { sample } = reading.value
      if (watch.isStuck(book.settings, source, sample)) {
        logbook.reject(instrument, source, arrival)
        watch.sample(book.settings, source, sample, arrival)
        return
      }
      const taken = logbook.push(instrument, source, sample)
      if (taken?.rejected) watch.refused(instrument, source, taken.rejected, arrival)
      else watch.sample(book.settings, source, sample, arrival)
      if (source === 0 && !taken?.rejected) calibration?.sample(instrument, sample)
      live.say(instrument, taken?.transitions ?? [])
    } else if (reading.value.kind === 'availability') {
      if (reading.value.lost) live.say(instrument, logbook.lose(instrument, source, arrival))
      watch.online(instrument, source, reading.value.online)
    }
  }
}
