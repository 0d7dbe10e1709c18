import { DAY, HOUR, type State } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { civilDays, civilMonths, type Interval } from './calendar.ts'
import { dailyRows, measuresOf, rowColumns } from './daily-rows.ts'
import { figuresFromTotals, instrumentFigures } from './figures.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { anyInput } from './random-input.fixture.ts'
import type { Rate } from './rates.ts'
import { totalsOf } from './totals.ts'

const whole = (from: number, to: number) => ({ label: 'all', from, to })
const rowOver = (input: InstrumentInput, from: number, to: number) =>
  measuresOf(dailyRows(input, [whole(from, to)])[0]!.values)
const covers = (list: readonly Interval[], t: number) => list.some(({ from, to }) => from <= t && t < to)

/** The definitions of domain.md 4.5 read word by word, one millisecond after the other. */
function byHand(input: InstrumentInput, length: number) {
  const low = -3 * length
  const stateAt = (t: number): State => {
    const known = new Set(input.spans.filter((s) => s.from <= t && t < s.to).map(({ state }) => state))
    known.delete('unknown')
    return known.size === 1 ? [...known][0]! : 'unknown'
  }
  const all = Array.from({ length: 6 * length }, (_, i) => stateAt(low + i))
  const extended = (line: State[]) => {
    const marked = line.map((state) => state === 'run')
    for (const [i, state] of line.entries()) {
      if (state !== 'run') continue
      if (line[i - 1] !== 'run')
        for (let n = 1; n <= input.prepMs && line[i - n] === 'standby'; n++) marked[i - n] = true
      if (line[i + 1] !== 'run')
        for (let n = 1; n <= input.postMs && line[i + n] === 'standby'; n++) marked[i + n] = true
    }
    return marked
  }
  const own = extended(all)
  const upper = extended(
    all.map((state, i) => (state === 'unknown' && covers(input.enrolled, low + i) ? 'run' : state)),
  )
  const sums = {
    effective: 0,
    effectiveUpper: 0,
    external: 0,
    unattributed: 0,
    research: 0,
    offSchedule: 0,
    idle: 0,
    schedule: 0,
    scheduleEffective: 0,
    scheduleEffectiveUpper: 0,
    scheduleUnknown: 0,
    scheduleDown: 0,
    late: 0,
  }
  const ordered = input.sessions.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  for (let t = 0; t < length; t++) {
    if (!covers(input.enrolled, t)) continue
    const open = covers(input.schedule ?? [], t)
    const off = covers(input.maintenance, t)
    if (open && !off && !own[t - low] && all[t - low] !== 'unknown') sums.idle += 1
    const state = all[t - low]
    if (open) sums.schedule += 1
    if (open && state === 'unknown') sums.scheduleUnknown += 1
    if (open && state !== 'unknown' && (off || state === 'fault')) sums.scheduleDown += 1
    if (state !== 'unknown' && covers(input.late ?? [], t)) sums.late += 1
    if (off) continue
    if (open && own[t - low]) sums.scheduleEffective += 1
    if (open && upper[t - low]) sums.scheduleEffectiveUpper += 1
    if (upper[t - low]) sums.effectiveUpper += 1
    if (!own[t - low]) continue
    sums.effective += 1
    if (!open) sums.offSchedule += 1
    const active = ordered.filter(({ from, to }) => from <= t && t < to)
    const one = active[t % Math.max(1, active.length)]
    if (!one) sums.unattributed += 1
    else {
      if (one.relation === 'external') sums.external += 1
      if (one.purpose === 'research') sums.research += 1
    }
  }
  return sums
}

describe('the columns of a row', () => {
  it('are what the definitions say, millisecond by millisecond', () => {
    fc.assert(
      fc.property(anyInput(60), (input) => {
        expect(rowOver(input, 0, 60)).toMatchObject(byHand(input, 60))
      }),
      { numRuns: 500 },
    )
  })

  it('add up to the same, wherever a period is cut', () => {
    fc.assert(
      fc.property(anyInput(1_000), fc.uniqueArray(fc.integer({ min: 1, max: 999 })), (input, cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), 1_000]
        const parts = edges.slice(0, -1).map((from, i) => rowOver(input, from, edges[i + 1]!))
        const all = rowOver(input, 0, 1_000)
        for (const column of rowColumns)
          expect([column, parts.reduce((sum, part) => sum + part[column], 0)]).toEqual([column, all[column]])
      }),
      { numRuns: 300 },
    )
  })

  it('change neither with the order nor with the repetition of what they are made of', () => {
    fc.assert(
      fc.property(anyInput(1_000), (input) => {
        const twice = <T>(list: readonly T[]) => [...list.toReversed(), ...list]
        const other = {
          ...input,
          spans: twice(input.spans),
          sessions: twice(input.sessions),
          maintenance: twice(input.maintenance),
          enrolled: twice(input.enrolled),
        }
        expect(rowOver(other, 0, 1_000)).toEqual(rowOver(input, 0, 1_000))
      }),
      { numRuns: 300 },
    )
  })

  it('partition: states make up enrolled time; relations, purposes make up E', () => {
    fc.assert(
      fc.property(anyInput(1_000), (input) => {
        const m = rowOver(input, 0, 1_000)
        expect(m.off + m.standby + m.run + m.fault + m.unknown).toBe(m.enrolled)
        expect(m.research + m.teaching + m.service + m.unattributed).toBe(m.effective)
        expect(m.ownUnit + m.sameEntity + m.external + m.unattributed).toBe(m.effective)
        expect(m.scheduleEffective + m.offSchedule).toBe(m.effective)
        expect(m.effective).toBeLessThanOrEqual(m.standby + m.run + m.fault)
        expect(m.openUse).toBeLessThanOrEqual(m.effective)
        expect(m.smeExternal).toBeLessThanOrEqual(m.external)
      }),
      { numRuns: 300 },
    )
  })

  it('of the days of a month make up the month, in every zone', () => {
    const zones = [
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'Africa/Cairo',
      'Asia/Shanghai',
      'America/New_York',
    ]
    const origin = Date.UTC(2026, 0, 1)
    fc.assert(
      fc.property(fc.constantFrom(...zones), anyInput(300 * DAY, origin), (zone, input) => {
        const [from, to] = [origin, origin + 300 * DAY]
        for (const month of civilMonths(zone, from, to)) {
          const rows = dailyRows(input, civilDays(zone, month.from, month.to))
          const all = rowOver(input, month.from, month.to)
          for (const [i, column] of rowColumns.entries())
            expect(rows.reduce((sum: number, row) => sum + row.values[i]!, 0)).toBe(all[column])
        }
      }),
      { numRuns: 20 },
    )
  })
})

describe('figures from stored rows', () => {
  it('are those of the period itself', () => {
    fc.assert(
      fc.property(anyInput(30 * DAY, Date.UTC(2024, 11, 20)), (input) => {
        const period = { from: Date.UTC(2024, 11, 20), to: Date.UTC(2025, 0, 15) }
        const rows = dailyRows(input, civilDays('UTC', period.from, period.to))
        const context = { ...input, period }
        const shuffled = [...rows.slice(9), ...rows.slice(0, 9)]
        expect(figuresFromTotals(totalsOf(shuffled, context))).toEqual(
          instrumentFigures(input, period).figures,
        )
      }),
      { numRuns: 100 },
    )
  })

  it('lie between their bounds, and rates that are shares between 0 and 1', () => {
    fc.assert(
      fc.property(anyInput(30 * DAY, Date.UTC(2025, 0, 5)), (input) => {
        const period = { from: Date.UTC(2025, 0, 5), to: Date.UTC(2025, 1, 4) }
        const { figures: f } = instrumentFigures(input, period)
        expect(f.on).toBeLessThanOrEqual(f.onUpper)
        expect(f.effective).toBeLessThanOrEqual(f.effectiveUpper)
        expect(f.external).toBeLessThanOrEqual(f.externalUpper)
        expect(f.run).toBeLessThanOrEqual(f.on)
        for (const [id, { value, lower, upper }] of Object.entries<Rate>({ ...f.rates })) {
          if (value === null || lower === null || upper === null) continue
          expect([id, lower <= value + 1e-12 && value <= upper + 1e-12]).toEqual([id, true])
          if (id === 'utilQuota' || id === 'shareWeighted') continue
          expect([id, lower >= 0 && upper <= 1]).toEqual([id, true])
        }
      }),
      { numRuns: 300 },
    )
  })

  it('are those of the worked week’s schedule: availability between all down and all up', () => {
    const hour = (n: number) => Date.UTC(2025, 0, 6) + n * HOUR
    const input: InstrumentInput = {
      id: 'lab/x',
      zone: 'UTC',
      spans: [
        { state: 'run', from: hour(0), to: hour(39.5) },
        { state: 'fault', from: hour(39.5), to: hour(42) },
        { state: 'off', from: hour(42), to: hour(45) },
      ],
      enrolled: [{ from: hour(0), to: hour(100) }],
      prepMs: 0,
      postMs: 0,
      maintenance: [{ from: hour(41), to: hour(47) }],
      sessions: [],
      schedule: [{ from: hour(0), to: hour(48) }],
    }
    const { rates, idle } = instrumentFigures(input, { from: hour(0), to: hour(72) }).figures
    // 48 h open: fault or maintenance while known 39.5-45, unknown 45-48.
    expect(rates.availInstrument).toMatchObject({ value: 39.5 / 45, lower: 39.5 / 48, upper: 42.5 / 48 })
    expect(rates.utilSchedule).toMatchObject({ value: 39.5 / 48, upper: 40.5 / 48 })
    expect(idle).toBe(1.5 * HOUR)
  })

  it('take recovered power-on time only for gaps that lie wholly in the period', () => {
    const input: InstrumentInput = {
      id: 'lab/x',
      zone: 'UTC',
      spans: [{ state: 'run', from: 0, to: DAY }],
      enrolled: [{ from: 0, to: 3 * DAY }],
      prepMs: 0,
      postMs: 0,
      maintenance: [],
      sessions: [],
      recoveries: [{ from: DAY + HOUR, to: 2 * DAY + HOUR, onMs: 5 * HOUR }],
    }
    const on = (from: number, to: number) => instrumentFigures(input, { from, to }).figures
    expect(on(0, 3 * DAY)).toMatchObject({ on: 29 * HOUR, onRecovered: 5 * HOUR, onUpper: 3 * DAY })
    expect(on(0, 2 * DAY)).toMatchObject({ on: DAY, onRecovered: 0 })
    const rows = dailyRows(input, civilDays('UTC', 0, 3 * DAY))
    const context = { zone: 'UTC', period: { from: 0, to: 3 * DAY }, recoveries: input.recoveries }
    expect(figuresFromTotals(totalsOf(rows, context)).on).toBe(29 * HOUR)
  })
})
