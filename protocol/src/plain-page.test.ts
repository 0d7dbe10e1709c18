import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Page } from './page.ts'
import { isPlainPage } from './plain-page.ts'

const numRuns = Number(process.env['HOURS_FUZZ_RUNS'] ?? 10_000)
const start = 1_763_867_400_000

const count = fc.nat(1e9)
const id = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/)
const spans = fc
  .uniqueArray(fc.nat(300_000), { maxLength: 6, comparator: 'SameValueZero' })
  .map((edges) => edges.sort((a, b) => a - b))
  .map((edges) => edges.slice(1).map((to, i) => [i % 2 === 0 ? 'run' : 'fault', edges[i], to]))
const instrument = fc.record(
  {
    ...{ id, spans, onMs: fc.integer({ min: 1e9, max: 1e10 }), runMs: count, mwh: fc.integer() },
    ...{ mw: fc.tuple(fc.integer(), count, count), samples: count, rejected: count },
    evidence: fc.constantFrom('reported', 'other'),
  },
  { requiredKeys: ['id', 'spans', 'onMs', 'runMs', 'mwh', 'samples', 'rejected'] },
)
const page = fc.record({
  ...{ v: fc.constant(1), site: id, gateway: id, epoch: count, seq: count, from: fc.constant(start) },
  to: fc.integer({ min: start + 300_000, max: start + 900_000 }),
  prev: fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{43}$/)),
  boot: count,
  mono: fc.tuple(count, fc.integer({ min: 1e9, max: 1e10 })),
  clock: fc.record(
    {
      source: fc.constantFrom('ntp', 'chrony', 'timedatectl', 'sntp', 'sim', 'none'),
      ...{ offsetMs: fc.integer(), errorMs: count, steppedMs: fc.integer(), unsyncedMs: count },
    },
    { requiredKeys: ['source', 'offsetMs', 'errorMs', 'steppedMs'] },
  ),
  seen: fc.option(
    fc.record({ origin: fc.string({ maxLength: 200 }), size: count, root: fc.string({ maxLength: 64 }) }),
  ),
  spool: fc.record({ pages: count, oldest: fc.option(fc.constant(start)), dropped: count }),
  software: fc.string({ maxLength: 40 }),
  config: fc.record({ revision: count, sha256: fc.string({ maxLength: 64 }) }),
  instruments: fc.uniqueArray(instrument, { maxLength: 4, selector: (one) => one.id }),
})

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
    start,
    7e12,
    'x'.repeat(201),
  ),
  fc.json({ maxDepth: 2 }).map((text): unknown => JSON.parse(text)),
)

type Fields = Record<string, unknown>

/** `data` with one field, at some depth, changed, taken away, doubled or put in. */
function changed(data: unknown, path: readonly number[], kind: number, put: unknown): void {
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

it(`a page is plain when the schema accepts it as it is, and only then: ${numRuns} pages, most with a strange field`, {
  timeout: 60_000 + numRuns,
}, () => {
  let accepted = 0
  let refused = 0
  const change = fc.record({
    path: fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
    kind: fc.nat(4),
    put: strange,
  })
  fc.assert(
    fc.property(page, fc.array(change, { maxLength: 2 }), (made, changes) => {
      const data = JSON.parse(JSON.stringify(made)) as unknown
      for (const { path, kind, put } of changes) changed(data, path, kind, put)
      const read = Page.safeParse(data)
      const plain = isPlainPage(data)
      if (plain) accepted += 1
      else refused += 1
      return plain === (read.success && isDeepStrictEqual(read.data, data))
    }),
    { numRuns },
  )
  expect(Math.min(accepted, refused)).toBeGreaterThan(numRuns / 10)
})

it('what is no object at all is no page', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => isPlainPage(data) === Page.safeParse(data).success),
    { numRuns },
  )
})
