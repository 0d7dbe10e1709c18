import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile, type Expression, type Value } from './expression.ts'

const valueOf = (expression: Expression, names: Readonly<Record<string, Value>> = {}) => {
  const faults: string[] = []
  const members = [1, 1e308, 1e308].map((x) => ({ get: () => x }))
  const here = new Set(['x', ...Object.keys(names)])
  const formula = compile(expression, { here, member: here }, (fault) => faults.push(fault))
  return { value: formula({ get: (name) => names[name] ?? null, members }), faults }
}

const operations = ['add', 'mul', 'min', 'max', 'sub', 'div', 'floor', 'ceil', 'round', 'if', 'case', 'steps']
const extreme = fc.constantFrom(0, -0, 1, -1, 0.1, 9, 400, -400, 1e308, -1e308, 5e-324, 2 ** 53)
const { formula } = fc.letrec<{ formula: Expression }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 6 },
    extreme,
    fc.constantFrom('$x', '$y', true, null, 'word'),
    fc
      .tuple(fc.constantFrom(...operations), fc.array(tie('formula'), { minLength: 2, maxLength: 3 }))
      .map(([operation, args]) => [operation, ...args]),
    fc.tuple(fc.constantFrom('sum', 'mean'), tie('formula')),
  ),
}))

describe('a formula', () => {
  it.each([
    [['round', 1.15, 1], 1.2],
    [['round', 2.5, 0], 3],
    [['round', 7, 400], null],
    [['round', 7, -1], null],
    [['round', 7, 0.5], null],
    [['mul', 1e308, 1e308], null],
    [['add', 1, ['mul', -1e308, 10]], null],
    [['else', ['mul', 1e308, 1e308], 4], 4],
    [['div', 5e-324, 1e308], 0],
    [['sum', '$x'], null],
    [['mean', '$x'], null],
  ] as const)('%j is %j', (expression, expected) => {
    expect(valueOf(expression).value).toBe(expected)
  })

  it('whatever it is made of, comes to a number that can be written down, or to nothing', () => {
    fc.assert(
      fc.property(formula, extreme, (expression, y) => {
        const { value } = valueOf(expression, { y })
        expect(typeof value !== 'number' || Number.isFinite(value)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})
