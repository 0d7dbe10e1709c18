import { halfUp, printedText } from '@hours/protocol'
import { causesText, type Language } from './causes.ts'
import { compile, type Formula, type Names, number, type Scope, type Value } from './expression.ts'
import type { Part } from './rule-set.ts'

/** One line of a score sheet, worked out. */
export interface ScoredItem {
  readonly id: string
  readonly title: { readonly en: string; readonly zh?: string | undefined }
  /** Null = something it needs is not known. */
  readonly points: number | null
  readonly max: number | null
  readonly weight: number | null
  readonly score: number | null
}

export interface Award {
  readonly id: string
  readonly kind: 'reward' | 'subsidy' | 'rectification' | 'obligation'
  readonly title: { readonly en: string; readonly zh?: string | undefined }
  readonly fen: number | null
}

export interface Reason {
  readonly id: string
  readonly en: string
  readonly zh?: string
}

/** What a rule set makes of one instrument, or of its whole cohort. */
export interface Outcome {
  /** The rule's own figures, in its own units. */
  readonly figures: Readonly<Record<string, Value>>
  readonly items: readonly ScoredItem[]
  /** Sum over the items that are known; null where the rule has none. */
  readonly score: number | null
  /** Items that could not be worked out: a score without them is no final one. */
  readonly incomplete: readonly string[]
  readonly grade: Value
  readonly reasons: readonly Reason[]
  readonly awards: readonly Award[]
}

/** Values of one instrument or cohort; what the rule works out is put beside what was given. */
export interface Values extends Scope {
  readonly put: (name: string, value: Value) => void
}

/** `given` (such as parameters) stands before what is `found`. */
export function createValues(
  given: ReadonlyMap<string, Value>,
  found: (name: string) => Value,
  members?: readonly Scope[],
): Values {
  const own = new Map<string, Value>()
  return {
    get: (name) => {
      const value = own.get(name)
      return value !== undefined ? value : (given.get(name) ?? found(name))
    },
    put: (name, value) => own.set(name, value),
    ...(members ? { members } : {}),
  }
}

/** Makes a part's formulas once, for all instruments. The names were checked when the rule set was read. */
export function compilePart(part: Part, names: Names): (values: Values) => Outcome {
  const make = (expression: Parameters<typeof compile>[0]): Formula =>
    compile(expression, names, (message) => {
      throw new Error(`a rule set must be read before it is used: ${message}`)
    })
  const figures = part.figures.map(({ id, value }) => ({ id, of: make(value) }))
  const items = part.items.map((item) => ({
    ...item,
    ofPoints: make(item.points),
    ofMax: make(item.max),
    ofWeight: make(item.weight),
  }))
  const gradeOf = make(part.grade)
  const reasons = part.reasons.map((reason) => ({ ...reason, holds: make(reason.when) }))
  const awards = part.awards.map((award) => ({ ...award, holds: make(award.when), ofFen: make(award.fen) }))
  return (values) => {
    const own: [string, Value][] = []
    for (const { id, of } of figures) {
      const value = of(values)
      own.push([id, value])
      values.put(id, value)
    }
    const scored = items.map(({ id, title, ofPoints, ofMax, ofWeight }): ScoredItem => {
      const line = score(number(ofPoints(values)), number(ofMax(values)), number(ofWeight(values)))
      values.put(id, line.score)
      return { id, title, ...line }
    })
    const sum = scored.reduce((all, one) => all + (one.score ?? 0), 0)
    const total = scored.length > 0 ? number(sum) : null
    values.put('score', total)
    const grade = gradeOf(values)
    values.put('grade', grade)
    return {
      figures: Object.fromEntries(own),
      items: scored,
      score: total,
      incomplete: scored.flatMap((one) => (one.score === null ? [one.id] : [])),
      grade,
      reasons: reasons
        .filter(({ holds }) => holds(values) === true)
        .map(({ id, text }) => ({
          id,
          en: fill(text.en, values, 'en'),
          ...(text.zh === undefined ? {} : { zh: fill(text.zh, values, 'zh') }),
        })),
      awards: awards
        .filter(({ holds }) => holds(values) === true)
        .map(({ id, kind, title, ofFen }) => {
          const fen = number(ofFen(values))
          return { id, kind, title, fen: fen === null ? null : halfUp(fen, 0) }
        }),
    }
  }
}

function score(points: number | null, max: number | null, weight: number | null) {
  const known = points !== null && max !== null && weight !== null
  return { points, max, weight, score: known ? number(weight * Math.max(0, Math.min(max, points))) : null }
}

/**
 * `{name:h}` = hours with 1 decimal, `{name:%}` = percent with 2, `{name}` as it is; half up (domain.md, 4.6). `{causes}` = where
 * the time went that was not used, unless the rule has a figure of that name.
 */
const fill = (text: string, scope: Scope, language: Language): string =>
  text.replaceAll(/\{([A-Za-z][\w.]*)(?::([h%]))?\}/g, (_, name: string, form?: string) => {
    const value = scope.get(name)
    return name === 'causes' && value === null ? causesText(scope, language) : shown(value, form)
  })

function shown(value: Value, form: string | undefined): string {
  if (value === null) return 'n/a'
  if (typeof value !== 'number') return String(value)
  if (form === '%') return `${printedText(value, 'share')} %`
  return form === 'h' ? halfUp(value, 1).toFixed(1) : String(halfUp(value, 2))
}
