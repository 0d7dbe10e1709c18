import { HOUR, type RecordOf } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Interval } from './calendar.ts'
import { rowColumns } from './daily-rows.ts'
import { instrumentFigures } from './figures.ts'
import { clip, total } from './intervals.ts'
import { anyInput } from './random-input.fixture.ts'
import { createScopes, type Scoped } from './scope.ts'
import { withEnrolment } from './records-input.ts'

type Organisation = RecordOf<'organisation'>
type Membership = RecordOf<'membership'>
const chained = { v: 1 as const, stream: 'installation', seq: 0, prev: null }
const org = (id: string, parent: string | null, from = 0, kind = 'unit') =>
  ({ ...chained, id, parent, kind, names: {}, from }) as unknown as Organisation
const member = (channel: string, about: object, from: number, to?: number) =>
  ({ ...chained, channel, ...about, from, ...(to === undefined ? {} : { to }) }) as unknown as Membership
const enrolment = (unit: string, from: number, to?: number) =>
  ({ ...chained, unit, from, ...(to === undefined ? {} : { to }) }) as unknown as RecordOf<'enrolment'>
const scoped = (key: string, ...enrolments: RecordOf<'enrolment'>[]): Scoped => ({
  key,
  enrolments: enrolments.reduce<RecordOf<'enrolment'>[]>(withEnrolment, []),
})
const scopesOf = (organisations: Organisation[], memberships: Membership[] = []) =>
  createScopes({ organisations, memberships })

const university = [
  org('guangdong', null, 0, 'province'),
  org('owner', 'guangdong', 0, 'entity'),
  org('owner-lab', 'owner'),
  org('sysu', 'guangdong', 0, 'entity'),
  org('college', 'sysu'),
]
const within = (
  found: readonly { key: string; during: readonly Interval[] }[] | undefined,
  window: Interval,
) =>
  found?.flatMap(({ key, during }) => {
    const parts = clip(during, window)
    return parts.length > 0 ? [[key, ...parts.map(({ from, to }) => [from, to])]] : []
  })
const day = { from: 0, to: 24 }

describe('an instrument that changes hands', () => {
  const sem = scoped('lab/sem', enrolment('owner-lab', -50), enrolment('college', 3))
  const scopes = scopesOf(university)

  it('belongs to its owner up to that instant, and from it on to the next', () => {
    const of = (scope: string) => within(scopes.inScope(scope, [sem]), day)
    expect(of('org:owner')).toEqual([['lab/sem', [0, 3]]])
    expect(of('org:owner-lab')).toEqual([['lab/sem', [0, 3]]])
    expect(of('org:sysu')).toEqual([['lab/sem', [3, 24]]])
    expect(of('org:guangdong')).toEqual([['lab/sem', [0, 24]]])
    expect(of('all')).toEqual([['lab/sem', [0, 24]]])
    expect(of('lab/sem')).toEqual([['lab/sem', [0, 24]]])
    expect(of('org:nobody')).toBeUndefined()
    expect(of('lab/other')).toBeUndefined()
  })

  it('or whose unit does, by the dated tree; back again it is two stretches', () => {
    const nmr = scoped('lab/nmr', enrolment('owner-lab', -50))
    const moved = [...university, org('owner-lab', 'sysu', 5), org('owner-lab', 'owner', 9)]
    const of = (scope: string) => within(scopesOf(moved).inScope(scope, [nmr]), day)
    expect(of('org:owner')).toEqual([['lab/nmr', [0, 5], [9, 24]]])
    expect(of('org:sysu')).toEqual([['lab/nmr', [5, 9]]])
  })

  it('a unit that was recorded late was there before, and what is dated after the retirement is its last owner s', () => {
    const late = scoped('lab/late', enrolment('team', 1, 4))
    const scopes = scopesOf([...university, org('team', 'college', 6)])
    expect(within(scopes.inScope('org:sysu', [late]), day)).toEqual([['lab/late', [0, 24]]])
  })

  it('a tree that bites its tail ends somewhere', () => {
    const loop = [org('a', 'b'), org('b', 'a')]
    const one = scoped('lab/x', enrolment('a', 0))
    expect(within(scopesOf(loop).inScope('org:b', [one]), day)).toEqual([['lab/x', [0, 24]]])
  })
})

describe('a channel', () => {
  const instruments = [
    scoped('lab/sem', enrolment('owner-lab', -50)),
    scoped('lab/xrd', enrolment('owner-lab', -50), enrolment('college', 12)),
    scoped('lab/nmr', enrolment('college', -50)),
  ]
  const of = (memberships: Membership[], channel = 'net') =>
    within(scopesOf(university, memberships).inScope(`channel:${channel}`, instruments), day)

  it('lists instruments from the date that was said, to the end that was said', () => {
    const memberships = [
      member('net', { instrument: 'lab/sem' }, -100, -24),
      member('net', { instrument: 'lab/xrd' }, 2, 3),
      member('net', { instrument: 'lab/nmr' }, 480),
      member('other', { instrument: 'lab/nmr' }, 0),
    ]
    expect(of(memberships)).toEqual([['lab/xrd', [2, 3]]])
    expect(of(memberships, 'none')).toBeUndefined()
  })

  it('lists the instruments of an organisation while they are there, and each once', () => {
    const memberships = [
      member('net', { organisation: 'sysu' }, 6),
      member('net', { instrument: 'lab/nmr' }, 4, 10),
    ]
    expect(of(memberships)).toEqual([
      ['lab/xrd', [12, 24]],
      ['lab/nmr', [4, 24]],
    ])
  })

  it('is left by saying the same once more with an end; another beginning stands beside it', () => {
    const first = member('net', { instrument: 'lab/sem' }, 1)
    const ended = member('net', { instrument: 'lab/sem' }, 1, 5)
    const again = member('net', { instrument: 'lab/sem' }, 8)
    expect(of([first, ended])).toEqual([['lab/sem', [1, 5]]])
    expect(of([again, first, ended])).toEqual([['lab/sem', [1, 5], [8, 24]]])
  })

  it('whatever channel it is: listed or not, or nobody lists anything', () => {
    const scopes = scopesOf(university, [member('net', { organisation: 'sysu' }, 6)])
    expect(instruments.map((one) => clip(scopes.listed(one) ?? [], day))).toEqual([
      [],
      [{ from: 12, to: 24 }],
      [{ from: 6, to: 24 }],
    ])
    expect(scopesOf(university).listed(instruments[0]!)).toBeUndefined()
  })
})

/** Organisations that move below each other at any time, and an instrument that moves between them. */
const ids = ['a', 'b', 'c', 'd', 'e']
const anyWorld = (length: number) =>
  fc.record({
    organisations: fc
      .array(
        fc.tuple(
          fc.constantFrom(...ids),
          fc.option(fc.constantFrom(...ids)),
          fc.integer({ min: -9, max: length }),
        ),
        { maxLength: 12 },
      )
      .map((all) => [
        ...ids.map((id, i) => org(id, ids[i - 1] ?? null, -10)),
        ...all.map(([id, parent, from]) => org(id, parent, from)),
      ]),
    enrolments: fc
      .array(fc.tuple(fc.constantFrom(...ids), fc.integer({ min: -20, max: length })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((all) => all.map(([unit, from]) => enrolment(unit, from))),
  })

/** Who manages it at `t`, and who stands above: the records read word by word. */
function byHand(
  organisations: readonly Organisation[],
  enrolments: Scoped['enrolments'],
  t: number,
): string[] {
  const unit = enrolments.findLast(({ from }) => from <= t)?.unit ?? enrolments[0]?.unit
  const walked: string[] = []
  for (let id: string | null = unit ?? null; id !== null && !walked.includes(id); ) {
    walked.push(id)
    const standing = organisations
      .filter((one) => one.id === id && one.from <= Math.max(t, -10))
      .reduce((last, one) => (one.from >= last.from ? one : last))
    id = standing.parent
  }
  return walked
}

describe('whatever the tree was', () => {
  it('at each instant a scope has exactly what stands below it then', () => {
    fc.assert(
      fc.property(anyWorld(60), ({ organisations, enrolments }) => {
        const one = scoped('lab/x', ...enrolments)
        const scopes = scopesOf(organisations)
        for (const id of ids) {
          const during = scopes.inScope(`org:${id}`, [one])?.[0]?.during ?? []
          for (let t = -15; t < 60; t++) {
            const isIn = during.some(({ from, to }) => from <= t && t < to)
            expect([id, t, isIn]).toEqual([id, t, byHand(organisations, one.enrolments, t).includes(id)])
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('the parts of all owners make up the instrument, in every column', () => {
    fc.assert(
      fc.property(anyWorld(1_000), anyInput(1_000), ({ organisations, enrolments }, input) => {
        const period = { from: 0, to: 1_000 }
        const one = { ...scoped('lab/x', ...enrolments), during: [{ from: -Infinity, to: Infinity }] }
        const scopes = scopesOf(organisations)
        for (const nameOf of [
          (above: readonly { id: string }[]) => above[0]?.id,
          (above: readonly { id: string }[]) => above.at(-1)?.id,
        ]) {
          const parts = [...scopes.split([one], nameOf).values()]
            .flat()
            .map(({ during }) => clip(during, period))
          expect(parts.reduce((sum, part) => sum + total(part), 0)).toBe(1_000)
          const results = parts.map((during) => instrumentFigures(input, period, { during }))
          const whole = instrumentFigures(input, period)
          for (const column of rowColumns)
            expect([column, results.reduce((sum, { totals }) => sum + totals.measures[column], 0)]).toEqual([
              column,
              whole.totals.measures[column],
            ])
          const used = (rows: typeof whole.used) => rows.reduce((sum, { ms }) => sum + ms, 0)
          expect(results.reduce((sum, result) => sum + used(result.used), 0)).toBe(used(whole.used))
          const due = (all: readonly (typeof whole)[]) =>
            all.reduce((sum, { totals }) => sum + (totals.quota?.due ?? 0), 0)
          expect(due(results)).toBeCloseTo(due([whole]), 6)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('sets', () => {
  it('are those that were enrolled in the period, for as long as they were', () => {
    const input = (from: number, to: number) => ({
      ...{ id: 'lab/x', zone: 'UTC', prepMs: 0, postMs: 0, maintenance: [], sessions: [] },
      spans: [{ state: 'run' as const, from: 0, to: 9 * HOUR }],
      enrolled: [{ from: from * HOUR, to: to * HOUR }],
    })
    const sets = (from: number, to: number) =>
      instrumentFigures(input(from, to), { from: 2 * HOUR, to: 4 * HOUR }).totals
    expect(sets(0, 2)).toMatchObject({ sets: 0, setPeriods: 0 })
    expect(sets(4, 9)).toMatchObject({ sets: 0, setPeriods: 0 })
    expect(sets(3, 9)).toMatchObject({ sets: 1, setPeriods: 0.5 })
  })
})
