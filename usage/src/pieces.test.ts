import { DAY, HOUR } from '@hours/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Attributed } from './attribution.ts'
import type { Interval } from './calendar.ts'
import { dailyRows, instrumentTime, measuresOf } from './daily-rows.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { intersect, total } from './intervals.ts'
import { pieces } from './pieces.ts'
import { anyInput } from './random-input.fixture.ts'
import { useRows } from './use-rows.ts'

const length = 200 * DAY
const origin = Date.UTC(2026, 0, 1)
const days = fc
  .uniqueArray(fc.nat(200 * 24), { minLength: 2, maxLength: 40 })
  .map((hours) => hours.toSorted((a, b) => a - b).map((hour) => origin + hour * HOUR))
  .map((edges) => edges.slice(1).map((to, i): Interval => ({ from: edges[i] ?? 0, to })))

it('are what the days are, cut to 8 days at most, in order', () => {
  fc.assert(
    fc.property(anyInput(length, origin), days, (input, asked) => {
      const joined = asked.map((): Interval[] => [])
      for (const { cuts, days: numbers } of pieces(input, asked)) {
        expect((cuts.at(-1)?.to ?? 0) - (cuts[0]?.from ?? 0)).toBeLessThanOrEqual(8 * DAY)
        for (const [i, cut] of cuts.entries()) joined[numbers[i] ?? -1]?.push(cut)
      }
      for (const [i, parts] of joined.entries()) {
        expect([parts[0]?.from, parts.at(-1)?.to]).toEqual([asked[i]?.from, asked[i]?.to])
        expect(parts.every((part, k) => k === 0 || parts[k - 1]?.to === part.from)).toBe(true)
      }
    }),
    { numRuns: 100 },
  )
})

it('give the sums that the whole input gives at once', () => {
  fc.assert(
    fc.property(anyInput(length, origin), anyInput(length, origin), days, (made, { sessions }, asked) => {
      const input = { ...made, bookings: sessions }
      const at = (day: Interval, intervals: readonly Interval[]) => total(intersect(intervals, [day]))
      const time = instrumentTime(input, asked)
      const rows = dailyRows(
        input,
        asked.map((day) => ({ label: '', ...day })),
      )
      for (const [i, day] of asked.entries())
        expect(measuresOf(rows[i]?.values ?? [])).toMatchObject({
          enrolled: at(day, time.window),
          run: at(day, time.inState('run')),
          unknown: at(day, time.inState('unknown')),
          late: at(day, time.late),
          maintenance: at(day, time.maintenance),
          effective: at(day, time.own),
          effectiveUpper: at(day, time.upper),
          schedule: at(day, time.open ?? []),
        })
      const named = (parts: Iterable<Attributed>) =>
        asked.reduce(
          (sum, day) =>
            sum +
            at(
              day,
              [...parts].filter((part) => part.sessions.length > 0),
            ),
          0,
        )
      const used = Map.groupBy(useRows(input, asked), ({ booked = false }) => booked)
      const sumOf = (booked: boolean) => (used.get(booked) ?? []).reduce((sum, { ms }) => sum + ms, 0)
      expect([sumOf(false), sumOf(true)]).toEqual([named([...time.parts()]), named([...time.booked()])])
    }),
    { numRuns: 300 },
  )
})

it('ask for what pages say a window at a time where there is too much of it', () => {
  fc.assert(
    fc.property(anyInput(length, origin), days, ({ late = [], ...input }, asked) => {
      const touching = <T extends Interval>(list: readonly T[], from: number, to: number) =>
        list.filter((one) => one.to > from && one.from < to)
      const rowsOf = (of: InstrumentInput) =>
        dailyRows(
          of,
          asked.map((day) => ({ label: '', ...day })),
        )
      const asks: InstrumentInput = {
        ...{ ...input, spans: [] },
        within: (from, to) => ({
          spans: touching(input.spans, from, to),
          late: touching(late, from, to),
        }),
      }
      expect(rowsOf(asks)).toEqual(rowsOf({ ...input, late }))
    }),
    { numRuns: 100 },
  )
})
