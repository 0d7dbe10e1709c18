import { HOUR, type RecordOf } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UseSession } from './attribution.ts'
import { figuresOfCase } from './case-file.ts'
import { instrumentFigures } from './figures.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { subtract, union } from './intervals.ts'
import { anyInput } from './random-input.fixture.ts'
import { inputFromRecords } from './records-input.ts'

const length = 200
const period = { from: 0, to: length }

/** Bookings cut to where no session is, as sessions of their own: what `claimed` has to come to. */
function asSessions({ bookings = [], sessions, ...input }: InstrumentInput): InstrumentInput {
  const free = bookings.flatMap((one) =>
    subtract([one], union(sessions)).map((part, i) => ({ ...one, ...part, id: `${one.id}\u0000${i}` })),
  )
  return { ...input, sessions: [...sessions, ...free] }
}

describe('bookings', () => {
  const withBookings = fc
    .tuple(anyInput(length), anyInput(length))
    .map(([input, { sessions: bookings }]): InstrumentInput => ({ ...input, bookings }))

  it('attribute nothing unless the rule set says so', () => {
    fc.assert(
      fc.property(withBookings, (input) => {
        const { bookings: _, ...without } = input
        const [figures, plain] = [input, without].map((one) => instrumentFigures(one, period))
        const { evidence, ...hours } = figures?.figures ?? {}
        const { evidence: plainly, ...alone } = plain?.figures ?? {}
        expect(hours).toEqual(alone)
        expect(evidence?.effective).toEqual(plainly?.effective)
        expect(figures?.used.filter(({ booked }) => booked)).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  it('where it does, share effective time that no session covers, each instant equally', () => {
    fc.assert(
      fc.property(withBookings, (input) => {
        const { figures } = instrumentFigures(input, period, { bookingRule: 'claimed' })
        const { figures: expected } = instrumentFigures(asSessions(input), period)
        const ignored = instrumentFigures(input, period).figures
        const parts = ({ relation, purpose, unattributed, smeExternal, rates }: typeof figures) => ({
          ...{ relation, purpose, unattributed, smeExternal, shareHours: rates.shareHours },
        })
        expect(parts(figures)).toEqual(parts(expected))
        // What is verified stays apart from what a booking says.
        expect(figures.evidence.external).toEqual(ignored.evidence.external)
        const { 1: sure, 3: less } = figures.evidence.external
        expect(sure).toBe(ignored.external)
        expect(figures.external).toBeLessThanOrEqual(sure + less)
      }),
      { numRuns: 200 },
    )
  })

  it('say for whom and what for, and were not called off, or attribute nothing', () => {
    const stream = 'lab'
    const unit = (id: string, parent: string | null, kind: string) => ({ id, parent, kind, from: 0 })
    const booking = (id: string, hours: number, more: object) => ({
      ...{ stream, instrument: 'sem', id, user: 'u', from: hours * HOUR, to: (hours + 1) * HOUR },
      ...{ beneficiary: 'firm', purpose: 'service' },
      ...more,
    })
    const bookings = [
      booking('b1', 0, {}),
      booking('b2', 1, { cancelled: true }),
      booking('b3', 2, { beneficiary: undefined }),
      booking('b4', 3, { purpose: undefined }),
      booking('b5', 4, { beneficiary: 'stranger' }),
    ] as unknown as RecordOf<'booking'>[]
    const input = inputFromRecords({
      ...{ site: stream, instrument: 'sem', zone: 'UTC', period: { from: 0, to: 6 * HOUR } },
      spans: [{ state: 'run', from: 0, to: 6 * HOUR }],
      records: {
        organisations: [unit('own', null, 'entity'), unit('firm', null, 'entity')] as never,
        enrolments: [{ stream, instrument: 'sem', unit: 'own', from: 0, prepMs: 0, postMs: 0 }] as never,
        ...{ schedules: [], sessions: [], maintenance: [], bookings },
      },
    })
    const { figures, used } = instrumentFigures(input, { from: 0, to: 6 * HOUR }, { bookingRule: 'claimed' })
    expect(figures).toMatchObject({ external: HOUR, unattributed: 5 * HOUR, openUse: 0 })
    expect(used).toMatchObject([{ session: 'b1', booked: true, ms: HOUR }])
  })
})

describe('evidence of hours', () => {
  const session = (from: number, to: number, relation: UseSession['relation']): UseSession => ({
    ...{ id: `${from}`, from: from * HOUR, to: to * HOUR, beneficiary: 'o', relation },
    ...{ purpose: 'service', user: 'u' },
  })

  it('is of grade 1 where a sensor saw the run, 3 where it saw no more than power, 4 where it saw nothing', () => {
    const spans = (['run', 'standby', 'fault', 'unknown', 'off'] as const).map((state, i) => ({
      ...{ state, from: i * HOUR, to: (i + 1) * HOUR },
    }))
    const input = {
      ...{ id: 'a', zone: 'UTC', spans, enrolled: [{ from: 0, to: 5 * HOUR }], prepMs: 0, postMs: 0 },
      // Half of the fault was looked after: no use.
      maintenance: [{ from: 2.5 * HOUR, to: 3 * HOUR }],
      sessions: [session(0, 2, 'external'), session(2, 5, 'same_entity')],
    }
    const { evidence } = instrumentFigures(input, { from: 0, to: 5 * HOUR }).figures
    expect(evidence).toEqual({
      effective: { 1: HOUR, 3: 1.5 * HOUR, 4: HOUR },
      external: { 1: HOUR, 3: HOUR, 4: 0 },
    })
  })
})

describe('a case file', () => {
  const use = { beneficiary: 'o', relation: 'external', purpose: 'service', user: 'u' }
  const data = {
    period: [0, 6 * HOUR],
    instruments: [
      {
        id: 'a',
        spans: [
          ['run', 0, 4 * HOUR],
          ['standby', 4 * HOUR, 5 * HOUR],
        ],
        sessions: [{ ...use, id: 's', from: 0, to: HOUR, relation: 'own_unit' }],
        bookings: [{ ...use, id: 'b', from: 0, to: 5 * HOUR }],
        claims: [
          { from: 0, to: 6 * HOUR, effective: 9 * HOUR, external: 5 * HOUR },
          { from: -1, to: 6 * HOUR, on: HOUR },
        ],
      },
      { id: 'b' },
    ],
  }
  const figures = (more: object) => {
    const made = figuresOfCase({ ...data, ...more })
    if (!made.ok) throw new Error(made.error.message)
    return made.value
  }

  it('has bookings attribute hours where it says so, and hours by grade where it asks for them', () => {
    const grades = (more: object) => figures({ ...more, grades: true }).instruments['a']
    const external = { 1: 0, 3: 3 * HOUR, 4: 0 }
    expect(grades({})).toMatchObject({ external: 0, unattributed: 3 * HOUR, evidence: { external } })
    expect(grades({ bookings: 'claimed' })).toMatchObject({
      ...{ external: 3 * HOUR, unattributed: 0, evidence: { external } },
    })
    expect(figures({}).instruments['a']).not.toHaveProperty('evidence')
  })

  it('has declared hours beside verified ones, where there are claims', () => {
    const declared = { on: 0, run: 0, effective: 9 * HOUR, external: 5 * HOUR }
    const { instruments, fleet } = figures({})
    expect(instruments['a']).toMatchObject({ effective: 4 * HOUR, declared })
    expect(instruments['b']).not.toHaveProperty('declared')
    expect(fleet).toMatchObject({ effective: 4 * HOUR, declared })
  })
})
