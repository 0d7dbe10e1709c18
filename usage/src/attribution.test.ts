import { DAY, HOUR } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attribute, attributed, mostAtOnce, type UseSession } from './attribution.ts'
import { instrumentFigures } from './figures.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { useRows } from './use-rows.ts'

const session = (id: string, from: number, to: number): UseSession => ({
  ...{ id, from, to, beneficiary: 'firm', user: `u-${id}` },
  ...{ relation: 'external', purpose: 'service' },
})
const anySessions = fc
  .array(fc.tuple(fc.nat(200), fc.integer({ min: -5, max: 80 })), { maxLength: 30 })
  .map((all) => all.map(([from, length], i) => session(`s${i % 20}`, from, from + length)))
const anyTime = fc
  .uniqueArray(fc.nat(300), { minLength: 2, maxLength: 12 })
  .map((all) => all.toSorted((a, b) => a - b))
  .map((all) => all.flatMap((from, i) => (i % 2 === 0 ? [{ from, to: all[i + 1] ?? from + 1 }] : [])))

describe('effective time shared among sessions', () => {
  it('is cut into stretches that make it up, each with exactly the sessions that cover it, by id', () => {
    fc.assert(
      fc.property(anyTime, anySessions, (time, sessions) => {
        const parts = [...attributed(time, sessions)]
        for (const [i, part] of parts.entries()) {
          expect(part.to).toBeGreaterThan(part.from)
          expect(part.from).toBeGreaterThanOrEqual(parts[i - 1]?.to ?? 0)
        }
        const length = (list: readonly { from: number; to: number }[]) =>
          list.reduce((sum, { from, to }) => sum + to - from, 0)
        expect(length(parts)).toBe(length(time))
        for (const { from, to, sessions: shared } of parts)
          for (const at of [from, to - 1]) {
            const here = sessions.filter((one) => one.from <= at && at < one.to)
            const ids = here.map(({ id }) => id).toSorted()
            expect(shared.map(({ id }) => id).filter((id, i, all) => all[i - 1] !== id)).toEqual([
              ...new Set(ids),
            ])
          }
      }),
      { numRuns: 500 },
    )
  })

  it(`is nobody's where more than ${mostAtOnce} claim it at once, and theirs again where fewer do`, () => {
    const many = Array.from({ length: mostAtOnce + 1 }, (_, i) =>
      session(`s${String(i).padStart(4, '0')}`, i === mostAtOnce ? HOUR : 0, i === 0 ? 2 * HOUR : 3 * HOUR),
    )
    const { bySession, unattributed, overlaps } = attribute([{ from: 0, to: 3 * HOUR }], many)
    expect(unattributed).toBe(HOUR)
    expect([...bySession.values()].reduce((sum, ms) => sum + ms, 0)).toBe(2 * HOUR)
    expect(overlaps.map(({ from, to, sessions }) => [from, to, sessions.length])).toEqual([
      [0, HOUR, mostAtOnce],
      [2 * HOUR, 3 * HOUR, mostAtOnce],
    ])
  })

  it('costs memory for those who share an instant, not for all pairs: 20,000 sessions of three days at once', () => {
    const count = 20_000
    const sessions = Array.from({ length: count }, (_, i) => session(`s${i}`, i * 1_000, 3 * DAY + i * 1_000))
    const input: InstrumentInput = {
      ...{ id: 'lab/x', zone: 'UTC', prepMs: 0, postMs: 0, maintenance: [], sessions },
      spans: [{ state: 'run', from: 0, to: 7 * DAY }],
      enrolled: [{ from: 0, to: 7 * DAY }],
    }
    const { figures } = instrumentFigures(input, { from: 0, to: 7 * DAY })
    // Few share the first and the last seconds; in between it is nobody's.
    expect(figures.external).toBe(2 * mostAtOnce * 1_000)
    expect(figures.external + figures.unattributed).toBe(7 * DAY)
    expect(useRows(input, [{ from: 0, to: 7 * DAY }])).toHaveLength(2 * mostAtOnce)
    // Each stretch is made when it is asked for, and let go.
    const [first] = attributed([{ from: 0, to: 7 * DAY }], sessions)
    expect(first?.sessions).toHaveLength(1)
  })
})
