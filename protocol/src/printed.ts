import { HOUR } from './units.ts'

/** Units of figures: ms, ratios of 1, counts, fen. */
export type FigureUnit = 'ms' | 'share' | 'count' | 'fen'

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
 * Half up (domain.md, section 4.6) to so many decimals, after the noise of binary fractions is gone: 1.15 is 1.2 with one,
 * and so is 1.1499999999999999. The one place where anything that people read is rounded.
 */
export const halfUp = (value: number, digits: number): number => stepped(value * 10 ** digits) / 10 ** digits

/** Fourteen digits are more than a figure has: 0.285 * 10000 is 2849.9999999999995 and meant 2850. */
const stepped = (value: number): number =>
  Number.isInteger(value) ? value : Math.floor(Number(value.toPrecision(14)) + 0.5)

/** A value in its printed unit: hours with 1 decimal, per cent with 2, yuan with 2. */
export function printed(value: number, unit: FigureUnit): number
export function printed(value: number | null, unit: FigureUnit): number | null
export function printed(value: number | null, unit: FigureUnit): number | null {
  if (value === null) return null
  const step = 10 ** decimals[unit]
  // Multiplied before divided: hours out of integer ms are exact up to the rounding.
  return stepped(scale[unit] >= 1 ? (value * step) / scale[unit] : value * 100 * step) / step
}

/** The same as text with all of its decimals; `n/a` where there is none, which is not 0. */
export const printedText = (value: number | null, unit: FigureUnit): string =>
  value === null ? 'n/a' : printed(value, unit).toFixed(decimals[unit])
