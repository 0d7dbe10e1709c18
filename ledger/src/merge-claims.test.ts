import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Claim } from './account.ts'
import { mergeClaims } from './merge-claims.ts'

const kinds = fc.constantFrom('live', 'late')
const saying = fc.oneof(
  fc.record({ state: fc.constantFrom('off', 'standby', 'run', 'fault'), class: kinds }),
  fc.record({
    state: fc.constant(undefined),
    why: fc.constantFrom('void', 'time', 'clock', 'unsampled'),
    class: kinds,
  }),
) as fc.Arbitrary<Omit<Claim, 'from' | 'to'>>

/** Claims one after the other, here and there with time between them of which nobody says anything. */
const sideBySide = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 5 }), saying), { maxLength: 12 })
  .map((parts) => {
    let at = 0
    return parts.map(([gap, length, said]): Claim => {
      const from = at + gap
      at = from + length
      return { from, to: at, ...said }
    })
  })

const instants = (claims: readonly Pick<Claim, 'from' | 'to'>[]) =>
  claims.flatMap(({ from, to, ...said }) =>
    Array.from({ length: to - from }, (_, i) => [from + i, JSON.stringify(said)]),
  )

it('claims that lie side by side say at each instant what they said, and neighbours that agree are one', () => {
  fc.assert(
    fc.property(sideBySide, (claims) => {
      const merged = mergeClaims(claims)
      const said = ({ state, why, class: kind }: Claim) => ({
        state: state ?? 'unknown',
        ...(state === undefined ? { why } : {}),
        class: kind,
      })
      expect(new Map(instants(merged) as [number, string][])).toEqual(
        new Map(
          instants(claims.map((one) => ({ from: one.from, to: one.to, ...said(one) }))) as [number, string][],
        ),
      )
      for (const [i, span] of merged.slice(1).entries()) {
        const before = merged[i]
        if (before?.to === span.from)
          expect([before.state, before.why, before.class]).not.toEqual([span.state, span.why, span.class])
      }
    }),
  )
})

it('the order in which claims come changes nothing, whether they overlap or lie side by side', () => {
  fc.assert(
    fc.property(sideBySide, sideBySide, (some, others) => {
      const all = [...some, ...others]
      expect(mergeClaims(all.toReversed())).toEqual(mergeClaims(all))
      expect(mergeClaims(some.toReversed())).toEqual(mergeClaims(some))
    }),
  )
})
