import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { DAY, MINUTE } from '@hours/protocol'

/** Minutes of a UTC day. */
export const minutesADay = DAY / MINUTE

/** min, mean, max of each minute of a day, mW; NaN where no sample was taken. */
export type DayValues = Float64Array<ArrayBuffer>

export const emptyDay = (): DayValues => new Float64Array(minutesADay * 3).fill(Number.NaN)

/** Columns one after the other, as differences in bytes by significance: that is what compresses. */
export function packDay(values: DayValues): Uint8Array {
  const columns = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++)
    columns[(i % 3) * minutesADay + Math.floor(i / 3)] = values[i] ?? Number.NaN
  return deflateRawSync(shuffled(new Uint8Array(columns.buffer), 8), { level: 4 })
}

export function unpackDay(blob: Uint8Array): DayValues {
  const bytes = shuffled(inflateRawSync(blob), minutesADay * 3)
  const columns = new Float64Array(bytes.buffer)
  const values = new Float64Array(columns.length)
  for (let i = 0; i < values.length; i++)
    values[i] = columns[(i % 3) * minutesADay + Math.floor(i / 3)] ?? Number.NaN
  return values
}

/** Bytes of rows of `width` as columns; with the other factor as width it goes back. */
function shuffled(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const rows = bytes.length / width
  const out = new Uint8Array(bytes.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column++) out[column * rows + row] = bytes[row * width + column] ?? 0
  return out
}
