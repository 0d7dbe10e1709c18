import type { RecordOf } from '@hours/protocol'
import { civilYear, type Interval, type YearKind } from '../calendar.ts'
import { outsideWeight } from '../figures.ts'
import type { BookingRule } from '../use-rows.ts'
import { compile, type Value } from './expression.ts'
import { registerFacts } from './register-facts.ts'
import { namesOf, parameterName, type RuleSetDocument } from './rule-set.ts'

/** Where nobody names a rule set, figures are made by this one: in its built-in version, or in one of the installation's own. */
export const defaultRuleSet = 'default'

/** An instrument as far as a quota may depend on it; enrolments ascending and disjoint. */
export interface QuotaInstrument {
  readonly enrolments: readonly RecordOf<'enrolment'>[]
  readonly zone: string
}

/** What of a rule set every figure depends on (domain.md, D6). */
export interface FigureRules {
  readonly year: YearKind
  /** Weight of outside hours in `shareWeighted`. */
  readonly outsideWeight: number
  /** Whether bookings attribute hours where no session does (records.md, section 8). */
  readonly bookings: BookingRule
  /** Effective hours a year that are due of an instrument as it stands at the end of the period; undefined = none are. */
  readonly quotaHours: (instrument: QuotaInstrument, period: Interval) => number | undefined
}

/** For sums that no rule has a part in. */
export const noRules: FigureRules = {
  ...{ year: 'calendar', outsideWeight, bookings: 'ignored' },
  quotaHours: () => undefined,
}

const made = new WeakMap<object, FigureRules>()

/**
 * The rule set as figures ask it. A quota may depend on the register, on the year and on parameters that have a default; one
 * that needs more is no quota of figures, and an assessment works it out.
 */
export function figureRules(rules: RuleSetDocument): FigureRules {
  const known = made.get(rules)
  if (known) return known
  const quota = compile(rules.quotaHours, { here: namesOf(rules).facts }, (message) => {
    throw new Error(`a rule set must be read before it is used: ${message}`)
  })
  const defaults = new Map<string, Value>(
    Object.entries(rules.parameters).map(([id, { default: value = null }]) => [parameterName(id), value]),
  )
  const own: FigureRules = {
    year: rules.year,
    outsideWeight: rules.outsideWeight,
    bookings: rules.bookings,
    quotaHours({ enrolments, zone }, period) {
      const enrolment = enrolments.findLast(({ from }) => from < period.to)
      const since = enrolments[0]?.from
      if (rules.quotaHours === null || !enrolment || since === undefined) return undefined
      const facts = registerFacts(enrolment, { zone, since })
      const get = (name: string): Value => {
        if (name === 'periodYear') return yearNumber(zone, period.from, rules.year)
        return defaults.get(name) ?? facts[name as keyof typeof facts] ?? null
      }
      const hours = quota({ get })
      return typeof hours === 'number' && hours >= 0 ? hours : undefined
    },
  }
  made.set(rules, own)
  return own
}

/** `$periodYear`: the civil year, or the one in which the academic year begins. */
export const yearNumber = (zone: string, at: number, kind: YearKind): number =>
  Number(civilYear(zone, at, kind).label.replace('AY', ''))
