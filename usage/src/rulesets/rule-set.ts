import { checkSchema, type Decoded, refuse } from '@hours/protocol'
import { z } from 'zod'
import { compile, Expression, type Names } from './expression.ts'
import { factNames } from './facts.ts'

const Id = z.string().regex(/^[a-z][a-zA-Z0-9]{0,39}$/, 'a name such as effectiveShare')
const Text = z.object({ en: z.string().max(500), zh: z.string().max(500).optional() })

/** A number (or word) that the rule needs and that its text does not give: asked for, never guessed. */
const Parameter = z.object({
  title: Text,
  unit: z.string().max(40).optional(),
  type: z.enum(['number', 'text', 'boolean']).default('number'),
  default: z.union([z.number(), z.string(), z.boolean()]).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  /** False = what depends on it is left out where it is not given. */
  required: z.boolean().default(true),
})

/** A named figure of the rule's own; later formulas may use its name. */
const Named = z.object({ id: Id, title: Text, unit: z.string().max(40).optional(), value: Expression })

/** One line of a score sheet: `points` (at most `max`) times `weight`. */
const Item = z.object({
  id: Id,
  title: Text,
  points: Expression,
  max: Expression.default(100),
  weight: Expression.default(1),
})

/** Said of an instrument or cohort for which `when` is true; `{effectiveH:h}` and `{share:%}` stand for figures. */
const Reason = z.object({ id: Id, when: Expression, text: Text })

const Award = z.object({
  id: Id,
  title: Text,
  kind: z.enum(['reward', 'subsidy', 'rectification', 'obligation']),
  when: Expression,
  /** Money in fen, or nothing where it is not about money. */
  fen: Expression.default(null),
})

/** What is computed for each instrument, or once for all of them. */
const Part = z.object({
  figures: z.array(Named).max(64).default([]),
  items: z.array(Item).max(64).default([]),
  /** Out of `$score`, the sum over the items. */
  grade: Expression.default(null),
  reasons: z.array(Reason).max(64).default([]),
  awards: z.array(Award).max(16).default([]),
})
export type Part = z.infer<typeof Part>
const nothing: Part = { figures: [], items: [], grade: null, reasons: [], awards: [] }

/** A rule set as data: which instruments, which figures, points, grades, reasons and awards (domain.md, D6). */
export const RuleSetDocument = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  version: z.string().min(1).max(40),
  title: Text,
  /** Civil date from which it is in force. */
  from: z.iso.date(),
  year: z.enum(['calendar', 'academic']),
  sources: z.array(z.string().max(300)).default([]),
  notes: z.array(z.string().max(500)).default([]),
  parameters: z.record(Id, Parameter).default({}),
  /** Which instruments are assessed; of the others nothing is said. */
  cohort: Expression.default(true),
  /** Hours a year that are due of an instrument; pro-rated by its enrolled part. */
  quotaHours: Expression.default(null),
  /** Weight of outside hours in `shareWeighted`. */
  outsideWeight: z.number().min(0).max(100).default(1.5),
  /** `claimed` = bookings attribute hours where no session does (records.md, section 8). */
  bookings: z.enum(['ignored', 'claimed']).default('ignored'),
  instrument: Part.default(nothing),
  fleet: Part.default(nothing),
  /** Highest first; the next one decides ties. */
  ranking: z.array(Expression).max(8).default([]),
  /** Shown, but not ranked (domain.md, 4.2: always-on sets). */
  unranked: Expression.default('$alwaysOn'),
})
export type RuleSetDocument = z.infer<typeof RuleSetDocument>

const scored = ['score', 'grade'] as const

/** Reads a rule set (JSON, or YAML already parsed) and holds every formula against the names it may use. */
export function readRuleSet(data: unknown): Decoded<RuleSetDocument> {
  const read = checkSchema(RuleSetDocument, data)
  if (!read.ok) return read
  const faults: string[] = []
  checkFormulas(read.value, faults)
  return faults.length > 0 ? refuse('bad_field', faults.join('; ')) : read
}

/** Names of parameters in formulas: `$p.baseHours`. */
export const parameterName = (id: string): string => `p.${id}`

/** Names that formulas of each part may use, in the order in which they come to be. */
export function namesOf(rules: RuleSetDocument) {
  const given = [...Object.keys(rules.parameters).map(parameterName)]
  const facts = new Set([...given, ...factNames])
  const own = (part: Part) => [
    ...part.figures.map(({ id }) => id),
    ...part.items.map(({ id }) => id),
    ...scored,
  ]
  const member = new Set([...facts, 'quotaH', ...own(rules.instrument)])
  return { facts, member, fleet: new Set([...given, ...factNames, 'sets', ...own(rules.fleet)]) }
}

/**
 * What a new version is refused for, though it can be read: two figures or lines of one name, and a name that hides a fact,
 * as formulas would mean the one and get the other. Versions that were taken before stand as they are.
 */
export function versionFaults(rules: RuleSetDocument): string[] {
  const taken = new Set([...factNames, 'quotaH', 'sets', ...scored])
  return (['instrument', 'fleet'] as const).flatMap((name) => {
    const { figures, items } = rules[name]
    const seen = new Set<string>()
    return [
      ...figures.map(({ id }) => ({ id, where: `${name}.figures.${id}` })),
      ...items.map(({ id }) => ({ id, where: `${name}.items.${id}` })),
    ].flatMap(({ id, where }) => {
      const isTwice = seen.has(id)
      seen.add(id)
      if (taken.has(id)) return [`${where}: "${id}" is a fact already; give it a name of its own`]
      return isTwice ? [`${where}: "${id}" stands twice in this part; give each a name of its own`] : []
    })
  })
}

function checkFormulas(rules: RuleSetDocument, faults: string[]): void {
  const { facts, member, fleet } = namesOf(rules)
  const check = (where: string, expression: Expression, names: Names) =>
    compile(expression, names, (message) => faults.push(`${where}: ${message}`))
  check('cohort', rules.cohort, { here: facts })
  check('quotaHours', rules.quotaHours, { here: facts })
  check('unranked', rules.unranked, { here: member })
  for (const [i, by] of rules.ranking.entries()) check(`ranking.${i}`, by, { here: member })
  for (const [name, names] of [
    ['instrument', { here: member }],
    ['fleet', { here: fleet, member }],
  ] as const) {
    const part = rules[name]
    for (const one of part.figures) check(`${name}.figures.${one.id}`, one.value, names)
    for (const one of part.items)
      for (const key of ['points', 'max', 'weight'] as const)
        check(`${name}.items.${one.id}.${key}`, one[key], names)
    check(`${name}.grade`, part.grade, names)
    for (const one of part.reasons) check(`${name}.reasons.${one.id}`, one.when, names)
    for (const one of part.awards) {
      check(`${name}.awards.${one.id}.when`, one.when, names)
      check(`${name}.awards.${one.id}.fen`, one.fen, names)
    }
  }
}

/** The parameters of an assessment: every one that is missing or does not fit is named. */
export function readParameters(
  rules: RuleSetDocument,
  given: Readonly<Record<string, unknown>>,
): Decoded<ReadonlyMap<string, number | string | boolean | null>, 'bad_parameter'> {
  const faults = Object.keys(given)
    .filter((id) => !Object.hasOwn(rules.parameters, id))
    .map((id) => `parameter "${id}": ${rules.id} has none of that name`)
  const values = new Map<string, number | string | boolean | null>()
  for (const [id, wanted] of Object.entries(rules.parameters)) {
    const value = Object.hasOwn(given, id) ? given[id] : wanted.default
    const { title, unit = '', type, min = -Infinity, max = Infinity } = wanted
    if (value === undefined || value === null) {
      if (wanted.required) faults.push(`parameter "${id}" is required: ${title.en}${unit && ` (${unit})`}`)
      values.set(id, null)
    } else if (type === 'number' && typeof value === 'number' && value >= min && value <= max)
      values.set(id, value)
    else if (type === 'text' && typeof value === 'string') values.set(id, value)
    else if (type === 'boolean' && typeof value === 'boolean') values.set(id, value)
    else
      faults.push(
        `parameter "${id}": ${JSON.stringify(value).slice(0, 60)} is not a ${type}${type === 'number' ? ` from ${min} to ${max}` : ''}`,
      )
  }
  return faults.length > 0 ? refuse('bad_parameter', faults.join('; ')) : { ok: true, value: values }
}
