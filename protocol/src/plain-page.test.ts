import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Page } from './page.ts'
import { isPlainPage } from './plain-page.ts'
import { changed, change } from './strange.fixture.ts'

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

it(`a page is plain when the schema accepts it as it is, and only then: ${numRuns} pages, most with a strange field`, {
  timeout: 60_000 + numRuns,
}, () => {
  let accepted = 0
  let refused = 0
  fc.assert(
    fc.property(page, fc.array(change, { maxLength: 2 }), (made, changes) => {
      const data = changed(made, changes)
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
