import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CaseFigures, figuresOfCase } from '@hours/usage'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const json = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')) as Record<string, unknown>
const shared = join(process.env['HOURS_SHARED'] ?? join(import.meta.dirname, '../../../shared'), 'vectors')

interface Case {
  period: [number, number]
  instruments: { spans: [string, number, number][]; sessions: Record<string, unknown>[] }[]
}
const worked = () => json('worked-week.json') as unknown as Case
const figures = (data: unknown): CaseFigures => {
  const result = figuresOfCase(data)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

describe('the worked week', () => {
  it.skipIf(!existsSync(shared)).each(['worked-week.json', 'worked-week.expected.json'])(
    '%s is that of the definitions, byte for byte',
    (name) => {
      const [own, source] = [import.meta.dirname, shared].map((folder) => readFileSync(join(folder, name)))
      expect(own?.equals(source ?? Buffer.alloc(0))).toBe(true)
    },
  )

  it('has every figure exactly, for both instruments and the fleet', () => {
    const { note: _, ...expected } = json('worked-week.expected.json')
    expect(JSON.parse(JSON.stringify(figures(worked())))).toEqual(expected)
  })

  it('never says the naive sum of 32 h', () => {
    expect(JSON.stringify(figures(worked()))).not.toContain(String(32 * 3_600_000))
  })

  it('does not change with the order or repetition of spans and the order of sessions', () => {
    const expected = figures(worked())
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (chance) => {
        const data = worked()
        for (const one of data.instruments) {
          const shuffled = <T>(list: T[]) =>
            list
              .map((item) => [chance.next().value, item] as const)
              .toSorted((a, b) => a[0] - b[0])
              .map(([, item]) => item)
          one.spans = shuffled([...one.spans, ...one.spans.slice(0, 3)])
          one.sessions = shuffled(one.sessions)
        }
        expect(figures(data)).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })

  it('gives the same totals however the period is cut', () => {
    const whole = figures(worked()).instruments
    const [from, to] = worked().period
    fc.assert(
      fc.property(fc.integer({ min: from + 1, max: to - 1 }), (cut) => {
        const part = (period: [number, number]) => {
          const data = worked()
          data.period = period
          // What is enrolled only later has no time in the first part.
          return figures(data).instruments
        }
        const a = part([from, cut])
        const b = part([cut, to])
        for (const id of Object.keys(whole)) {
          for (const kpi of ['on', 'run', 'effective', 'effectiveUpper', 'external', 'unattributed'] as const)
            expect([id, kpi, a[id]![kpi] + b[id]![kpi]]).toEqual([id, kpi, whole[id]![kpi]])
          expect((a[id]!.offSchedule ?? 0) + (b[id]!.offSchedule ?? 0)).toBe(whole[id]!.offSchedule ?? 0)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('a case file', () => {
  const base = { zone: 'Asia/Shanghai', period: [0, 1_000], instruments: [{ id: 'a' }] }
  it('with no spans is all unknown, and every rate over nothing is null', () => {
    const { a } = figures(base).instruments
    expect(a).toMatchObject({ on: 0, onUpper: 1_000, coverage: 0, shareHours: null, shareWeighted: null })
    expect(a!.states.unknown).toBe(1_000)
  })

  it('refuses a period that ends before it begins, and names the field', () => {
    const result = figuresOfCase({ ...base, period: [5, 5] })
    expect(result.ok ? '' : result.error.message).toContain('period')
  })

  it('leaves out sessions of no length, without a beneficiary, and void ones', () => {
    const session = {
      id: 's',
      from: 0,
      to: 500,
      beneficiary: 'o',
      relation: 'external',
      purpose: 'service',
      user: 'u',
    }
    const sessions = [
      { ...session, id: 'empty', to: 0 },
      { ...session, id: 'nobody', beneficiary: null },
      { ...session, id: 'void', void: true },
    ]
    const spans = [['run', 0, 1_000]]
    const { a } = figures({ ...base, instruments: [{ id: 'a', spans, sessions }] }).instruments
    expect(a).toMatchObject({ external: 0, unattributed: 1_000 })
  })

  it('splits an instant of three sessions among them, millisecond by millisecond', () => {
    const session = { from: 0, to: 1_000, beneficiary: 'o', relation: 'external', purpose: 'service' }
    const sessions = ['c', 'a', 'b'].map((id) => ({
      ...session,
      id,
      user: id,
      purpose: id === 'a' ? 'research' : 'service',
    }))
    const { a } = figures({
      ...base,
      instruments: [{ id: 'a', spans: [['run', 0, 1_000]], sessions }],
    }).instruments
    // Unix ms mod 3 = 0 belongs to the first id: 334 of [0, 1000).
    expect(a!.purpose).toEqual({ research: 334, service: 666 })
    expect(a!.unattributed).toBe(0)
  })
})
