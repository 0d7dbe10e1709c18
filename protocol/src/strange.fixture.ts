import fc from 'fast-check'

/** What may stand in a field where something else should. */
const strange = fc.oneof(
  fc.constantFrom(
    null,
    true,
    '',
    'sem-01',
    'unknown',
    [],
    {},
    -1,
    -0,
    0.5,
    1e12,
    2 ** 53,
    1_763_867_400_000,
    7e12,
    'x'.repeat(201),
  ),
  fc.json({ maxDepth: 2 }).map((text): unknown => JSON.parse(text)),
)

type Fields = Record<string, unknown>

/** One field, at some depth, changed, taken away, doubled or put in. */
export const change = fc.record({
  path: fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
  kind: fc.nat(4),
  put: strange,
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

/** A copy of `made`, which is JSON, with the changes. */
export function changed(made: unknown, changes: readonly Change[]): unknown {
  const data = JSON.parse(JSON.stringify(made)) as unknown
  // A copy each, or a later change could put a value into itself.
  for (const one of changes) apply(data, structuredClone(one))
  return data
}

function apply(data: unknown, { path, kind, put }: Change): void {
  let at = data as Fields
  for (const step of path) {
    const keys = Object.keys(at)
    const key = keys[step % Math.max(1, keys.length)] ?? (Array.isArray(at) ? '0' : 'x')
    const next = at[key]
    if (typeof next === 'object' && next !== null && step % 3 !== 0) {
      at = next as Fields
      continue
    }
    if (kind === 0 && !Array.isArray(at)) at[`${key}x`] = put
    else if (kind === 1 && !Array.isArray(at)) Reflect.deleteProperty(at, key)
    else if (kind === 2 && Array.isArray(at)) at.push(next)
    else at[key] = put
    return
  }
}
