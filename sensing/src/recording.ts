import { type TimeReader } from './time-format.ts'
import type { Sample } from './reading.ts'

/** Why a row of a recording gave no sample; `no_reading`: empty, null, NaN or the -1 of a meter that could not read. */
export type RowReject = 'bad_time' | 'local_time_gap' | 'bad_power' | 'no_reading' | 'short_row'

export interface RowReader {
  /** The sample of one row, or why there is none. */
  read(time: string | undefined, power: string | undefined): Sample | RowReject
}

const empty = /^(|-|--|null|none|nan|na|n\/a|unavailable|unknown|-1(?:[.,]0+)?)$/i

/** Reads rows of (time, power in W); a decimal comma is read where the column shows one. */
export function createRowReader(time: TimeReader): RowReader {
  let after = -Infinity
  return {
    read(timeText, powerText) {
      if (timeText === undefined || powerText === undefined) return 'short_row'
      const at = time(timeText.trim(), after)
      if (!at.ok) return at.error.code
      after = at.value
      const text = powerText.trim()
      if (empty.test(text)) return 'no_reading'
      const watts = /^[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d{1,3})?$/.test(text)
        ? Number(text.replace(',', '.'))
        : Number.NaN
      const powerMw = Math.round(watts * 1_000)
      return Number.isSafeInteger(powerMw) ? { at: at.value, powerMw } : 'bad_power'
    },
  }
}
