import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createDepth } from './depth.ts'

const anySpan = fc.tuple(fc.nat(40), fc.integer({ min: -3, max: 30 })).map(([from, length]) => ({
  from,
  to: from + length,
}))

it('tells how many last at the fullest instant of a span, whenever they were added', () => {
  fc.assert(
    fc.property(fc.array(anySpan), fc.array(anySpan), anySpan, fc.nat(30), (first, later, asked, enough) => {
      const depth = createDepth(first)
      for (const one of later) depth.add(one)
      let most = 0
      for (let at = asked.from; at < asked.to; at++)
        most = Math.max(most, [...first, ...later].filter(({ from, to }) => from <= at && at < to).length)
      const found = depth.most(asked, enough)
      expect(Math.min(found, enough)).toBe(Math.min(most, enough))
    }),
    { numRuns: 500 },
  )
})

it('tells the same of thousands, in whatever order they come', () => {
  const spans = Array.from({ length: 5_000 }, (_, i) => {
    const from = (i * 7_919) % 5_000
    return { from, to: from + (i % 3 === 0 ? 2_000 : (i % 7) + 1) }
  })
  const depth = createDepth(spans.slice(0, 100))
  for (const one of spans.slice(100)) depth.add(one)
  const changes = new Array<number>(8_000).fill(0)
  for (const { from, to } of spans) {
    changes[from] = (changes[from] ?? 0) + 1
    changes[to] = (changes[to] ?? 0) - 1
  }
  let sum = 0
  const depths = changes.map((by) => (sum += by))
  for (let at = 0; at < 7_000; at += 61)
    for (const length of [1, 50, 2_500]) {
      const expected = Math.max(...depths.slice(at, at + length))
      expect([at, length, depth.most({ from: at, to: at + length }, Infinity)]).toEqual([
        at,
        length,
        expected,
      ])
    }
})
