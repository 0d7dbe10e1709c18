import { DAY, HOUR, type RecordOf } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { gradeOf } from './grade.ts'
import { instrumentFigures } from './figures.ts'
import { inputFromRecords, type StandingRecords } from './records-input.ts'
import { createOrganisationTree, relationAt } from './relation.ts'

const chained = { v: 1 as const, stream: 'installation', seq: 0, prev: null }
const org = (id: string, parent: string | null, kind: 'city' | 'entity' | 'unit', from = 0) =>
  ({ ...chained, id, parent, kind, names: {}, from }) as unknown as RecordOf<'organisation'>
/** A two-level university, a company, and a unit that moves to another entity on day 2. */
const organisations = [
  org('city', null, 'city'),
  org('univ', 'city', 'entity'),
  org('centre', 'univ', 'unit'),
  org('college', 'univ', 'unit'),
  org('group', 'college', 'unit'),
  org('company', 'city', 'entity'),
  org('group', 'company', 'unit', 2 * DAY),
]
const tree = createOrganisationTree(organisations)

describe('the relation of a beneficiary', () => {
  it('is judged at college level and at school level apart', () => {
    expect(relationAt(tree, 'college', 'group', DAY)).toBe('own_unit')
    expect(relationAt(tree, 'centre', 'group', DAY)).toBe('same_entity')
    expect(relationAt(tree, 'centre', 'company', DAY)).toBe('external')
    expect(relationAt(tree, 'univ', 'group', DAY)).toBe('own_unit')
  })
  it('follows the dated tree', () => {
    expect(relationAt(tree, 'college', 'group', 3 * DAY)).toBe('external')
  })
  it('of somebody nobody knows is none: unattributed, never external', () => {
    expect(relationAt(tree, 'college', 'stranger', DAY)).toBeUndefined()
  })
  it('ends at a cycle instead of walking for ever', () => {
    const loop = createOrganisationTree([org('a', 'b', 'unit'), org('b', 'a', 'unit')])
    expect(loop.path('a', DAY).map(({ id }) => id)).toEqual(['a', 'b'])
  })
})

describe('figures from records', () => {
  const session = {
    ...chained,
    stream: 'lab',
    id: 'S1',
    externalIds: [],
    instrument: 'sem',
    from: 2 * DAY - 4 * HOUR,
    to: 2 * DAY + 2 * HOUR,
    beneficiary: 'group',
    user: 'u1',
    purpose: 'research',
    way: 'self',
    actor: 'a',
  } as unknown as RecordOf<'session'>
  const records: StandingRecords = {
    organisations,
    enrolments: [
      {
        ...chained,
        stream: 'lab',
        instrument: 'sem',
        gateway: 'gw',
        unit: 'college',
        from: 0,
        names: {},
        class: 'general',
        alwaysOn: false,
        exclusive: true,
        prepMs: 0,
        postMs: 0,
      } as unknown as RecordOf<'enrolment'>,
    ],
    schedules: [],
    sessions: [session],
    maintenance: [],
  }
  it('judge a beneficiary that moves in mid-session instant by instant', () => {
    const period = { from: DAY, to: 3 * DAY }
    const spans = [{ state: 'run' as const, from: DAY, to: 3 * DAY }]
    const input = inputFromRecords({
      site: 'lab',
      instrument: 'sem',
      zone: 'UTC',
      period,
      spans,
      recoveredMs: 0,
      records,
    })
    const { figures } = instrumentFigures(input, period)
    expect(figures.external).toBe(2 * HOUR)
    expect(figures.purpose.research).toBe(6 * HOUR)
    expect(figures.unattributed).toBe(2 * DAY - 6 * HOUR)
  })
})

describe('grades', () => {
  it.each([
    [1, 'A'],
    [0.99, 'A'],
    [0.9899, 'B'],
    [0.95, 'B'],
    [0.8, 'C'],
    [0.7999, 'not verifiable'],
    [null, 'not verifiable'],
  ])('coverage %s is %s', (coverage, grade) => {
    expect(gradeOf(coverage)).toBe(grade)
  })
})
