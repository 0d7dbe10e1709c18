import { halfUp } from '@hours/protocol'
import { z } from 'zod'

/**
 * A formula as data: a number, true/false, a text, a name (`"$effectiveH"`) or `[operation, ...arguments]`. There is no
 * other way to compute in a rule set: nothing is evaluated as code, nothing loops, and size and depth are bounded.
 */
export type Expression = number | boolean | string | null | readonly Expression[]
export type Value = number | boolean | string | null

export const Expression: z.ZodType<Expression> = z.lazy(() =>
  z.union([z.number(), z.boolean(), z.string().max(200), z.null(), z.array(Expression).min(1).max(64)]),
)

/** What names stand for, and the members that `sum`, `mean`, `count`, `share` run over. */
export interface Scope {
  readonly get: (name: string) => Value
  readonly members?: readonly Scope[]
}
export type Formula = (scope: Scope) => Value

type Operation = (args: readonly Value[]) => Value
const maxDepth = 24

/** What is too great to be a number, or is none, is not there: no answer can hold it. */
export const number = (value: Value | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null
const finite = (value: Value): Value => (typeof value === 'number' ? number(value) : value)

/** A figure that is not there makes the result "not there" too, never 0. */
const arithmetic =
  (of: (numbers: readonly number[]) => number | null): Operation =>
  (args) => {
    const numbers = args.map(number)
    return numbers.every((one) => one !== null) ? of(numbers) : null
  }

const comparison = (of: (a: number, b: number) => boolean): Operation => arithmeticPair((a, b) => of(a, b))

function arithmeticPair(of: (a: number, b: number) => Value): Operation {
  return ([left, right]) => {
    const a = number(left)
    const b = number(right)
    return a === null || b === null ? null : of(a, b)
  }
}

/** Half up (domain.md, section 4.6); to 0 to 9 decimals, more than any figure has. */
const round = (value: number, digits: number): number | null =>
  Number.isInteger(digits) && digits >= 0 && digits <= 9 ? halfUp(value, digits) : null

/** Every operation with its least and greatest number of arguments. */
const operations: ReadonlyMap<string, readonly [number, number, Operation]> = new Map([
  ['add', [1, 64, arithmetic((all) => all.reduce((a, b) => a + b, 0))]],
  ['mul', [1, 64, arithmetic((all) => all.reduce((a, b) => a * b, 1))]],
  ['min', [1, 64, arithmetic((all) => Math.min(...all))]],
  ['max', [1, 64, arithmetic((all) => Math.max(...all))]],
  ['sub', [2, 2, arithmeticPair((a, b) => a - b)]],
  ['div', [2, 2, arithmeticPair((a, b) => (b === 0 ? null : a / b))]],
  ['floor', [1, 1, arithmetic(([a = 0]) => Math.floor(a))]],
  ['ceil', [1, 1, arithmetic(([a = 0]) => Math.ceil(a))]],
  ['round', [2, 2, arithmeticPair(round)]],
  ['lt', [2, 2, comparison((a, b) => a < b)]],
  ['le', [2, 2, comparison((a, b) => a <= b)]],
  ['gt', [2, 2, comparison((a, b) => a > b)]],
  ['ge', [2, 2, comparison((a, b) => a >= b)]],
  ['eq', [2, 2, ([a, b]) => a === b]],
  ['ne', [2, 2, ([a, b]) => a !== b]],
  ['and', [1, 64, (all) => all.every((one) => one === true)]],
  ['or', [1, 64, (all) => all.includes(true)]],
  ['not', [1, 1, ([a]) => a !== true]],
  ['given', [1, 1, ([a]) => a !== null]],
  ['else', [2, 64, (all) => all.find((one) => one !== null) ?? null]],
  ['if', [3, 3, ([when, yes = null, no = null]) => (when === true ? yes : no)]],
  ['case', [3, 63, choose]],
  ['steps', [3, 63, step]],
  ['grade', [3, 63, grade]],
] satisfies [string, [number, number, Operation]][])

/** `["case", when1, then1, when2, then2, ..., otherwise]` */
function choose(args: readonly Value[]): Value {
  for (let i = 0; i + 1 < args.length; i += 2) if (args[i] === true) return args[i + 1] ?? null
  return args.length % 2 === 1 ? (args.at(-1) ?? null) : null
}

/** `["steps", value, from1, points1, from2, points2, ...]`, highest first; below all of them 0. */
function step([value, ...table]: readonly Value[]): Value {
  const at = number(value)
  if (at === null) return null
  for (let i = 0; i + 1 < table.length; i += 2)
    if (at >= (number(table[i]) ?? Infinity)) return table[i + 1] ?? null
  return 0
}

/** As `steps`, with the lowest grade at the end: `["grade", score, 90, "excellent", ..., "fail"]` */
function grade(args: readonly Value[]): Value {
  const found = step(args.slice(0, -1))
  return found === 0 ? (args.at(-1) ?? null) : found
}

/** Over the instruments of the cohort; what is not known of one counts as nothing in `sum`, and N is always all heads. */
const aggregates = new Map<string, (values: readonly Value[]) => Value>([
  ['sum', sumOf],
  ['mean', (all) => (all.length === 0 ? null : sumOf(all) / all.length)],
  ['count', (all) => all.filter((one) => one === true).length],
  ['share', (all) => (all.length === 0 ? null : all.filter((one) => one === true).length / all.length)],
  ['heads', (all) => all.length],
])

function sumOf(all: readonly Value[]): number {
  return all.reduce<number>((sum, one) => sum + (number(one) ?? 0), 0)
}

export interface Names {
  /** Names that stand for something where the formula is used. */
  readonly here: ReadonlySet<string>
  /** Names inside an aggregate; absent = no aggregates here. */
  readonly member?: ReadonlySet<string>
}

/** Makes a formula; every fault (unknown name, operation, number of arguments) is told to `fault` with its place. */
export function compile(
  expression: Expression,
  names: Names,
  fault: (message: string) => void,
  depth = 0,
): Formula {
  const nothing: Formula = () => null
  if (depth > maxDepth) return fault(`nested deeper than ${maxDepth}`), nothing
  if (typeof expression === 'string' && expression.startsWith('$')) {
    const name = expression.slice(1)
    if (!names.here.has(name)) fault(`"${expression}" is no figure, fact or parameter that is known here`)
    return (scope) => scope.get(name)
  }
  if (!Array.isArray(expression)) return () => expression as Value
  const [operation, ...args] = expression as readonly Expression[]
  const aggregate = typeof operation === 'string' ? aggregates.get(operation) : undefined
  if (aggregate) return compileAggregate(aggregate, expression as readonly Expression[], names, fault, depth)
  const known = typeof operation === 'string' ? operations.get(operation) : undefined
  if (!known) return fault(`${JSON.stringify(operation)} is no operation`), nothing
  const [least, most, run] = known
  if (args.length < least || args.length > most)
    fault(`"${String(operation)}" takes ${least} to ${most} arguments, not ${args.length}`)
  const parts = args.map((one) => compile(one, names, fault, depth + 1))
  return (scope) => finite(run(parts.map((part) => part(scope))))
}

function compileAggregate(
  aggregate: (values: readonly Value[]) => Value,
  [operation, inner = true, ...more]: readonly Expression[],
  names: Names,
  fault: (message: string) => void,
  depth: number,
): Formula {
  if (!names.member) fault(`"${String(operation)}" runs over a cohort; here is one instrument only`)
  if (more.length > 0) fault(`"${String(operation)}" takes one argument`)
  const each = compile(inner, { here: names.member ?? names.here }, fault, depth + 1)
  return (scope) => finite(aggregate((scope.members ?? []).map(each)))
}
