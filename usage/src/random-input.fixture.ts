import { states } from '@hours/protocol'
import fc from 'fast-check'
import type { Purpose, Relation } from './attribution.ts'
import type { InstrumentInput } from './instrument-input.ts'

/** Instruments of every kind over [0, length) ms: overlapping spans, maintenance over runs, k sessions at once. */
export function anyInput(length: number, origin = 0): fc.Arbitrary<InstrumentInput> {
  const interval = fc
    .tuple(fc.integer({ min: -length, max: length }), fc.nat(length))
    .map(([from, size]) => ({ from: origin + from, to: origin + from + size }))
  const some = fc.array(interval, { maxLength: 4 })
  const session = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'S10', 'S2'),
    at: interval,
    beneficiary: fc.constantFrom('own', 'c1', 'c2'),
    relation: fc.constantFrom<Relation>('own_unit', 'same_entity', 'external'),
    purpose: fc.constantFrom<Purpose>('research', 'teaching', 'service'),
    user: fc.constantFrom('u1', 'u2', 'u3'),
    sme: fc.boolean(),
    openUse: fc.boolean(),
  })
  return fc.record({
    id: fc.constant('lab/sem'),
    zone: fc.constant('UTC'),
    spans: fc.array(
      fc.tuple(fc.constantFrom(...states), interval).map(([state, at]) => ({ state, ...at })),
      { maxLength: 12 },
    ),
    enrolled: fc.oneof(some, fc.constant([{ from: origin - 9 * length, to: origin + 9 * length }])),
    prepMs: fc.nat(Math.ceil(length / 5)),
    postMs: fc.nat(Math.ceil(length / 5)),
    maintenance: some,
    sessions: fc.uniqueArray(
      session.map(({ at, ...rest }) => ({ ...rest, ...at })),
      { selector: ({ id }) => id, maxLength: 5 },
    ),
    schedule: some,
    late: some,
    quotaHours: fc.constant(1_400),
  })
}
