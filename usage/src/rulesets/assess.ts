import type { Decoded } from '@hours/protocol'
import { civilYear, type Interval, type YearKind, yearParts } from '../calendar.ts'
import { type Figures, figuresFromTotals } from '../figures.ts'
import type { Grade } from '../grade.ts'
import { addTotals, type Totals } from '../totals.ts'
import { compile, type Expression, number, type Value } from './expression.ts'
import { factValues, type InstrumentFacts } from './facts.ts'
import { yearNumber } from './figure-rules.ts'
import { compilePart, createValues, type Outcome, type Values } from './part.ts'
import { namesOf, parameterName, readParameters, type RuleSetDocument } from './rule-set.ts'

/** One instrument that may belong to the cohort: its summed rows and what the registry says of it. */
export interface Candidate {
  readonly id: string
  readonly totals: Totals
  readonly facts: InstrumentFacts
  /** Key of the set that it is a part of (`setTime`); default itself. */
  readonly set?: string
}

export interface AssessedInstrument extends Outcome {
  readonly id: string
  readonly hours: Figures
  /** Grade of the hours by coverage: a score out of unverifiable hours is one only in name. */
  readonly hoursGrade: Grade
  /** From 1; equal ones share a rank; null = shown, but not ranked. */
  readonly rank: number | null
}

/** An assessment run: which rules, over what, and what came out (domain.md, D6). */
export interface Assessment {
  readonly ruleSet: { readonly id: string; readonly version: string; readonly hash: string }
  readonly period: Interval
  readonly parameters: Readonly<Record<string, Value>>
  readonly instruments: readonly AssessedInstrument[]
  /** Ids that the cohort's filter leaves out, those that were not enrolled in the period, and parts of a set that is here. */
  readonly leftOut: readonly string[]
  readonly fleet: Outcome & { readonly hours: Figures; readonly sets: number }
}

export interface AssessmentInput {
  readonly rules: RuleSetDocument
  /** Hash of the rule set as logged; every figure names it. */
  readonly hash: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly period: Interval
  /** The zone whose civil year the period begins in, and whose years it is measured in: `$periodYear`, `$periodYears`. */
  readonly zone: string
  readonly candidates: readonly Candidate[]
}

/** Assesses a cohort; refuses, naming each of them, parameters that are missing or do not fit. Instruments come by rank. */
export function assess(input: AssessmentInput): Decoded<Assessment, 'bad_parameter'> {
  const { rules, hash, period } = input
  const read = readParameters(rules, input.parameters)
  if (!read.ok) return read
  const parameters = new Map<string, Value>([
    ['periodYear', yearNumber(input.zone, period.from, rules.year)],
    ['periodYears', yearsOf(input.zone, period, rules.year)],
  ])
  for (const [id, value] of read.value) parameters.set(parameterName(id), value)
  const { member, fleet: fleetNames } = namesOf(rules)
  const formula = (expression: Expression) => compile(expression, { here: member }, unread)
  const [belongs, quota, unranked] = [rules.cohort, rules.quotaHours, rules.unranked].map(formula)
  const keys = rules.ranking.map(formula)
  const work = compilePart(rules.instrument, { here: member })

  const once = new Map(input.candidates.map((one) => [one.id, one]))
  const assessed: (Omit<AssessedInstrument, 'rank'> & Ranked & { values: Values; totals: Totals })[] = []
  const leftOut: string[] = []
  for (const { id, totals, facts, set = id } of once.values()) {
    const hours = figuresFromTotals(totals, rules.outsideWeight)
    const values = createValues(parameters, factValues(hours, facts, totals))
    // Retired before the period, enrolled after it, or judged with its whole: no head that a mean is over.
    const isPart = set !== id && once.has(set)
    if (totals.sets === 0 || isPart || belongs?.(values) !== true) {
      leftOut.push(id)
      continue
    }
    const due = quota?.(values)
    values.put('quotaH', typeof due === 'number' ? number(due * totals.setYears) : null)
    const outcome = work(values)
    const order = unranked?.(values) === true || keys.length === 0 ? null : keys.map((key) => key(values))
    assessed.push({ id, hours, hoursGrade: hours.grade, ...outcome, order, values, totals })
  }

  const summed = addTotals(assessed.map((one) => one.totals))
  const hours = figuresFromTotals(summed, rules.outsideWeight)
  const values = createValues(
    parameters,
    factValues(hours, {}, summed),
    assessed.map((one) => one.values),
  )
  values.put('sets', summed.sets)
  const outcome = compilePart(rules.fleet, { here: fleetNames, member })(values)
  return {
    ok: true,
    value: {
      ruleSet: { id: rules.id, version: rules.version, hash },
      period,
      parameters: Object.fromEntries(read.value),
      instruments: ranked(assessed).map(({ order: _o, values: _v, totals: _t, ...one }) => one),
      leftOut,
      fleet: { ...outcome, hours, sets: summed.sets },
    },
  }
}

/** The period's length in civil years, each part over the length of its own year. */
const yearsOf = (zone: string, { from, to }: Interval, kind: YearKind): number =>
  yearParts(zone, from, to, kind).reduce((sum, part) => {
    const year = civilYear(zone, part.from, kind)
    return sum + (part.to - part.from) / (year.to - year.from)
  }, 0)

function unread(message: string): never {
  throw new Error(`a rule set must be read before it is used: ${message}`)
}

interface Ranked {
  readonly id: string
  readonly order: readonly Value[] | null
}

/** Highest first, what is not known last, unranked ones after all; ids decide only who is listed first. */
function ranked<T extends Ranked>(all: readonly T[]): (T & { readonly rank: number | null })[] {
  const sorted = all.toSorted((a, b) => byOrder(a.order, b.order) || (a.id < b.id ? -1 : 1))
  let rank = 0
  return sorted.map((one, i) => {
    const before = sorted[i - 1]
    if (!before || byOrder(before.order, one.order) !== 0) rank = i + 1
    return { ...one, rank: one.order === null ? null : rank }
  })
}

function byOrder(a: readonly Value[] | null, b: readonly Value[] | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  for (const [i, left] of a.entries()) {
    const right = b[i] ?? null
    const x = typeof left === 'number' ? left : -Infinity
    const y = typeof right === 'number' ? right : -Infinity
    if (x !== y) return y - x
  }
  return 0
}
