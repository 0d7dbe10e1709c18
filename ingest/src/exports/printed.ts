import { HOUR } from '@hours/protocol'
import type { FigureUnit } from './figure-sheet.ts'

/** Units as they are printed. */
export const printedUnit: Readonly<Record<FigureUnit, string>> = {
  ms: 'h',
  share: '%',
  count: 'count',
  fen: 'yuan',
}

const decimals: Readonly<Record<FigureUnit, number>> = { ms: 1, share: 2, count: 0, fen: 2 }
const scale: Readonly<Record<FigureUnit, number>> = { ms: HOUR, share: 0.01, count: 1, fen: 100 }

/**
 * A value in its printed unit: hours to 1 decimal, per cent to 2, half up (domain.md, section 4.6). The one place where
 * anything is rounded.
 */
export function printed(value: number | null, unit: FigureUnit): number | null {
  if (value === null) return null
  const step = 10 ** decimals[unit]
  // Multiplied before divided: hours out of integer ms are exact up to the rounding.
  const scaled = scale[unit] >= 1 ? (value * step) / scale[unit] : value * 100 * step
  // 0.125 is exact, 0.285 * 10000 is 2849.9999...: twelve digits are more than a figure has.
  return Math.floor(Number(scaled.toPrecision(12)) + 0.5) / step
}

/** The same as text with all of its decimals; `n/a` where there is none. */
export function printedText(value: number | null, unit: FigureUnit): string {
  const number = printed(value, unit)
  return number === null ? 'n/a' : number.toFixed(decimals[unit])
}
