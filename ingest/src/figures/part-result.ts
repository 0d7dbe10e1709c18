import { figuresFromTotals, type InstrumentResult } from '@hours/usage'
import type { InstrumentPart } from './figure-reader.ts'

/** What `fleetFigures` asks for, worked out once an instrument however many levels sum it up. */
export function resultOf(part: InstrumentPart, weight: number): InstrumentResult {
  return {
    id: part.entry.key,
    figures: figuresFromTotals(part.totals, weight),
    totals: part.totals,
    used: part.used(),
    register: part.register(),
    ...(part.entry.set === undefined ? {} : { set: part.entry.set }),
  }
}
