import { HOUR, type RecordOf } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { figuresOfCase } from './case-file.ts'
import { total } from './intervals.ts'
import { createSets, type Enrolled, setRecords, setSessions, setTime } from './sets.ts'

const always = [{ from: -Infinity, to: Infinity }]
const one = (
  id: string,
  ...enrolments: readonly (readonly [from: number, partOf?: string | undefined, to?: number])[]
): Enrolled => ({
  key: `s/${id}`,
  enrolments: enrolments.map(([from, partOf, to]) => ({
    from,
    ...(partOf === undefined ? {} : { partOf: partOf as never }),
    ...(to === undefined ? {} : { to }),
  })),
})
const held = (all: readonly Enrolled[], during = always) => all.map(({ key }) => ({ key, during }))
const session = (id: string, from: number, to: number, samples?: number) =>
  ({ id, from, to, ...(samples === undefined ? {} : { samples }) }) as RecordOf<'session'>

describe('an instrument and its parts', () => {
  it('are one set: what a part did adds nothing where its whole is in the scope', () => {
    const all = [one('source', [0]), one('a', [0, 'source']), one('b', [0, 'source']), one('other', [0])]
    const sets = createSets(all)
    expect(setTime(held(all), sets)).toEqual([
      { key: 's/source', during: always, set: 's/source' },
      { key: 's/a', during: [{ from: -Infinity, to: 0 }], set: 's/source' },
      { key: 's/b', during: [{ from: -Infinity, to: 0 }], set: 's/source' },
      { key: 's/other', during: always, set: 's/other' },
    ])
    // Without its whole a part stands for itself.
    expect(setTime(held(all.slice(1)), sets).map(({ set }) => set)).toEqual(['s/a', 's/b', 's/other'])
  })

  it('belong together while the whole is enrolled and the part says so, at any depth', () => {
    const all = [one('source', [10, undefined, 50]), one('line', [0, 'source']), one('a', [0], [20, 'line'])]
    const sets = createSets(all)
    expect(sets.wholes('s/a')).toEqual([
      { key: 's/line', during: [{ from: 20, to: Infinity }] },
      { key: 's/source', during: [{ from: 20, to: 50 }] },
    ])
    expect(sets.parts('s/source').map(({ key }) => key)).toEqual(['s/line', 's/a'])
  })

  it('that name each other in a ring, or nobody that is there, are no set', () => {
    const ring = [one('a', [0, 'b']), one('b', [0, 'a']), one('c', [0, 'gone'])]
    const sets = createSets(ring)
    expect(sets.wholes('s/c')).toEqual([])
    expect(sets.wholes('s/a').map(({ key }) => key)).toEqual(['s/b'])
  })

  it('give the whole their sessions, cut to the time that they belonged to it, and what is counted by its instant', () => {
    const sets = createSets([one('source', [0]), one('a', [0, 'source'], [10])])
    const sessions = {
      's/source': [session('own', 0, 5)],
      's/a': [session('x', 5, 15, 3), session('y', 12, 14, 4)],
    }
    const of = (key: string) => sessions[key as keyof typeof sessions]
    expect(setSessions('s/source', sets, of)).toMatchObject([
      { id: 'own', from: 0, to: 5 },
      { id: 'x', from: 5, to: 10, instrument: 'source' },
    ])
    expect(setSessions('s/a', sets, of)).toBe(sessions['s/a'])
    const nothing = {
      charges: [],
      vouchers: [],
      subsidies: [],
      compute: [],
      trainings: [],
      achievements: [],
      ratings: [],
      claims: [],
    }
    const counted = setRecords('s/source', sets, (key) => ({ ...nothing, sessions: of(key) }))
    expect(counted.sessions.map(({ id }) => id)).toEqual(['own', 'x'])
  })

  it('add up to time that nobody counts twice, whenever each was enrolled and whatever it was a part of', () => {
    const instant = fc.integer({ min: 0, max: 40 })
    const enrolment = fc.tuple(instant, fc.constantFrom(undefined, 'i0', 'i1', 'i2', 'i3'))
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(enrolment, { minLength: 1, maxLength: 3, selector: ([from]) => from }), {
          minLength: 4,
          maxLength: 4,
        }),
        (drawn) => {
          const all = drawn.map((own, i) =>
            one(`i${i}`, ...own.toSorted((a, b) => a[0] - b[0]).map(([from, of]) => [from, of] as const)),
          )
          const sets = createSets(all)
          const window = [{ from: 0, to: 40 }]
          const adding = new Map(setTime(held(all, window), sets).map((each) => [each.key, each.during]))
          for (const { key } of all) {
            const under = sets.wholes(key).flatMap(({ during }) => during)
            const own = adding.get(key) ?? []
            for (let at = 0; at < 40; at++) {
              const isIn = (times: readonly { from: number; to: number }[]) =>
                times.some(({ from, to }) => from <= at && at < to)
              expect([key, at, isIn(own)]).toEqual([key, at, !isIn(under)])
            }
            expect(total(own)).toBeLessThanOrEqual(40)
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('a case file with stations', () => {
  const external = { beneficiary: 'o', relation: 'external', purpose: 'service' }
  const run = [['run', 0, 6 * HOUR]]
  const instruments = [
    { id: 'source', spans: run },
    {
      id: 'a',
      partOf: 'source',
      spans: run,
      sessions: [{ ...external, id: '1', from: 0, to: 4 * HOUR, user: 'u' }],
    },
    {
      id: 'b',
      partOf: 'source',
      spans: run,
      sessions: [{ ...external, id: '2', from: 0, to: 2 * HOUR, user: 'v' }],
    },
  ]
  const figures = (data: unknown) => {
    const made = figuresOfCase(data)
    if (!made.ok) throw new Error(made.error.message)
    return made.value
  }

  it('has one set: the hours of the source, used by whoever uses a station', () => {
    const { fleet, instruments: each } = figures({ period: [0, 6 * HOUR], instruments })
    expect(fleet).toMatchObject({
      on: 6 * HOUR,
      effective: 6 * HOUR,
      external: 4 * HOUR,
      shareInstruments: 1,
    })
    expect(fleet).toMatchObject({ meanOnPerSet: 6 * HOUR, meanOnPerSetPeriod: 6 * HOUR, shareUsersPerson: 1 })
    expect(each['source']).toMatchObject({ external: 4 * HOUR })
    expect(each['b']).toMatchObject({ effective: 6 * HOUR, external: 2 * HOUR })
  })

  it('is refused where a station names what is not in it', () => {
    const made = figuresOfCase({ period: [0, 1], instruments: [{ id: 'a', partOf: 'b' }] })
    expect(made).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('instruments.0.partOf: "b"') as string },
    })
  })
})
