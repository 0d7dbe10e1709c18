import { type Figures, figuresFromTotals, type InstrumentResult, outsideWeight } from './figures.ts'
import { ratio } from './rates.ts'
import { type RegisterRates, registerRates } from './register-rates.ts'
import { countSets } from './sets.ts'
import { addTotals } from './totals.ts'
import { countUse, type UseCounts } from './use-rows.ts'

/** Several instruments as one: figures of the sums, means over sets, counts of users (domain.md, section 4.6). */
export interface FleetFigures {
  readonly sets: number
  readonly figures: Figures
  readonly use: UseCounts
  readonly shareInstruments: number | null
  readonly shareUsersOrg: number | null
  readonly shareUsersPerson: number | null
  /** ms a set; official: over the heads of the cohort. */
  readonly meanOnPerSet: number | null
  readonly meanEffectivePerSet: number | null
  readonly meanExternalPerSet: number | null
  /** ms a set and whole period; fair to sets that were there for a part of it. */
  readonly meanOnPerSetPeriod: number | null
  readonly meanEffectivePerSetPeriod: number | null
  readonly meanExternalPerSetPeriod: number | null
  readonly register: RegisterRates
}

/** Each instrument counts once, however many networks list it, and one set are all results that name the same. */
export function fleetFigures(results: readonly InstrumentResult[], weight = outsideWeight): FleetFigures {
  const once = [...new Map(results.map((result) => [result.id, result])).values()]
  const totals = addTotals(once.map((result) => result.totals))
  const figures = figuresFromTotals(totals, weight)
  const use = countUse(once.flatMap(({ used }) => used))
  const { setPeriods } = totals
  const sets = countSets(once, ({ totals: own }) => own.sets > 0)
  const { on, effective, external } = figures
  return {
    sets,
    figures,
    use,
    shareInstruments: ratio(
      countSets(once, (one) => one.figures.external > 0),
      sets,
    ),
    shareUsersOrg: ratio(use.organisationsExternal, use.organisations),
    shareUsersPerson: ratio(use.personsExternal, use.persons),
    meanOnPerSet: ratio(on, sets),
    meanEffectivePerSet: ratio(effective, sets),
    meanExternalPerSet: ratio(external, sets),
    meanOnPerSetPeriod: ratio(on, setPeriods),
    meanEffectivePerSetPeriod: ratio(effective, setPeriods),
    meanExternalPerSetPeriod: ratio(external, setPeriods),
    register: registerRates(once),
  }
}
