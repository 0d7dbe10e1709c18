import { DAY, HOUR, nobody, type RecordOf } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { channelFigures } from './channel-figures.ts'
import { proposedDuplicates } from './duplicates.ts'
import { instrumentFigures } from './figures.ts'
import { figureList } from './figure-list.ts'
import { fleetFigures } from './fleet.ts'
import { type CountedRecords, sumRecords } from './record-sums.ts'
import { inputFromRecords, type StandingRecords } from './records-input.ts'
import { createOrganisationTree } from './relation.ts'
import { scopeFigures } from './scope-figures.ts'
import { belongsTo, shareLevel } from './share-level.ts'
import { type LoggedRecord, standing } from './standing.ts'
import { useRows } from './use-rows.ts'

/** A Monday. */
const t0 = Date.UTC(2025, 0, 6)
const chained = { v: 1 as const, stream: 'lab', seq: 0, prev: null }
const session = (id: string, from: number, to: number, more: object = {}) =>
  ({
    ...chained,
    id,
    externalIds: [],
    instrument: 'sem',
    from: t0 + from * HOUR,
    to: t0 + to * HOUR,
    beneficiary: 'college',
    user: 'u1',
    purpose: 'research',
    way: 'self',
    actor: 'a',
    ...more,
  }) as unknown as RecordOf<'session'>
const hash = (n: number) => String(n).padStart(43, 'A')
const logged = (kind: LoggedRecord['kind'], n: number, record: object) =>
  ({ kind, hash: hash(n), record: { ...chained, ...record } }) as LoggedRecord
const correction = (n: number, of: number, more: object) =>
  logged('correction', n, { of: hash(of), reason: 'wrong', actor: 'a', ...more })
const approval = (n: number, of: number, by: string) =>
  logged('approval', n, { of: hash(of), by, role: 'second' })
const ids = (list: readonly LoggedRecord[]) =>
  standing(list)('session').map(({ id, to }) => [id, (to - t0) / HOUR])

describe('the records that stand', () => {
  const s1 = logged('session', 1, session('S1', 0, 4))
  const s2 = logged('session', 2, session('S2', 0, 4))
  it('are voided only with an approval by another person', () => {
    const voided = correction(3, 1, { void: true })
    expect(ids([s1, s2, voided])).toHaveLength(2)
    expect(ids([s1, s2, voided, approval(4, 3, 'a')])).toHaveLength(2)
    expect(ids([s1, s2, voided, approval(4, 3, 'b')])).toEqual([['S2', 4]])
  })
  it('have the body of the last correction that counts, if it is one', () => {
    const { v: _v, stream: _s, seq: _q, prev: _p, ...body } = session('S1', 0, 3)
    const good = [correction(3, 1, { replacement: body }), approval(4, 3, 'b')]
    expect(ids([s1, ...good])).toEqual([['S1', 3]])
    const bad = [correction(5, 1, { replacement: { ...body, to: 'late' } }), approval(6, 5, 'b')]
    expect(ids([s1, ...bad])).toEqual([['S1', 4]])
  })
  it('count once when they come twice, and a confirmed duplicate not at all', () => {
    expect(ids([s1, s1])).toHaveLength(1)
    const pairs = [
      logged('same-as', 7, { sessions: ['S2', 'S1'] }),
      logged('same-as', 8, { sessions: ['S1', 'S2'] }),
    ]
    expect(ids([s1, s2, ...pairs])).toEqual([['S1', 4]])
  })
  it('are two again when the confirmation is voided', () => {
    const pair = logged('same-as', 7, { sessions: ['S2', 'S1'] })
    const voided = [correction(8, 7, { void: true }), approval(9, 8, 'b')]
    expect(ids([s1, s2, pair, ...voided])).toHaveLength(2)
  })
})

describe('a booking that its channel tells anew before it begins', () => {
  const booking = (n: number, from: number, more: object = {}) =>
    logged('booking', n, { ...session('B', from, from + 1), ...more })
  const chain = [booking(1, 8), booking(2, 9, { replaces: hash(1) }), booking(3, 10, { replaces: hash(2) })]
  const from = (list: readonly LoggedRecord[]) =>
    standing(list)('booking').map((one) => (one.from - t0) / HOUR)
  const voided = (of: number) => [correction(10, of, { void: true }), approval(11, 10, 'b')]

  it('stands as it was told last', () => {
    expect([from(chain.slice(0, 1)), from(chain.slice(0, 2)), from(chain)]).toEqual([[8], [9], [10]])
  })
  it('stands as before when the last telling is taken back, and not again for one in between', () => {
    expect(from([...chain, ...voided(3)])).toEqual([9])
    expect(from([...chain, ...voided(2)])).toEqual([10])
    expect(from([...chain, ...voided(1)])).toEqual([10])
  })
  it('may still be corrected by two persons', () => {
    const { replaces: _r, ...told } = session('B', 12, 13) as unknown as { replaces?: string }
    const corrected = [correction(10, 3, { replacement: told }), approval(11, 10, 'b')]
    expect(from([...chain, ...corrected])).toEqual([12])
  })
})

describe('money and ratings of sessions', () => {
  const sessions = [1, 2, 3].map((n) => logged('session', n, session(`S${n}`, 0, 4)))
  const money = (n: number, of?: string) =>
    logged('charge', n, {
      id: `C${n}`,
      instrument: 'sem',
      at: t0,
      fen: n,
      actor: 'a',
      ...(of && { session: of }),
    })
  const told = (...more: LoggedRecord[]) =>
    standing([...sessions, ...more])('charge').map(({ fen, session: of }) => [fen, of])
  const voided = (n: number, of: number) => [correction(n, of, { void: true }), approval(n + 1, n, 'b')]
  const same = (n: number, ...pair: string[]) => logged('same-as', n, { sessions: pair })

  it('are gone with the session that is taken back, and only with it', () => {
    const all = [money(10, 'S1'), money(11, 'S2'), money(12), money(13, 'of no session that is known')]
    expect(told(...all)).toHaveLength(4)
    expect(told(...all, ...voided(20, 1))).toEqual([
      [11, 'S2'],
      [12, undefined],
      [13, 'of no session that is known'],
    ])
    expect(told(...all, correction(20, 1, { void: true }))).toHaveLength(4)
  })
  it('of a confirmed duplicate count once: those of the lowest id that has any, for the one that stands', () => {
    const pairs = [same(20, 'S2', 'S3'), same(21, 'S2', 'S1')]
    expect(told(money(10, 'S1'), money(11, 'S3'), ...pairs)).toEqual([[10, 'S1']])
    expect(told(money(10, 'S3'), money(11, 'S2'), money(12, 'S2'), ...pairs)).toEqual([
      [11, 'S1'],
      [12, 'S1'],
    ])
  })
  it('of all duplicates are gone when the session that stands for them is taken back', () => {
    const all = [money(10, 'S1'), money(11, 'S2'), same(20, 'S1', 'S2')]
    expect(told(...all, ...voided(30, 2))).toEqual([[10, 'S1']])
    expect(told(...all, ...voided(30, 1))).toEqual([])
  })
})

describe('proposed duplicates', () => {
  const by = (channel: string) => ({ externalIds: [{ channel, id: 'x' }] })
  it('are of one user and instrument, from two channels, and overlap by 80 %', () => {
    const a = session('a', 0, 10, by('web'))
    expect(proposedDuplicates([session('b', 0, 8, by('agency')), a])).toEqual([['a', 'b']])
    expect(proposedDuplicates([a, session('b', 0, 7.9, by('agency'))])).toEqual([])
    expect(proposedDuplicates([a, session('b', 0, 10, by('web'))])).toEqual([])
    expect(proposedDuplicates([a, session('b', 0, 10, { ...by('agency'), user: 'u2' })])).toEqual([])
    const unknown = (id: string, channel: string) => session(id, 0, 10, { ...by(channel), user: nobody })
    expect(proposedDuplicates([unknown('a', 'web'), unknown('b', 'agency')])).toEqual([])
  })
})

const org = (id: string, parent: string | null, kind: 'city' | 'entity' | 'unit', flags = {}) =>
  ({ ...chained, id, parent, kind, names: {}, from: 0, flags }) as unknown as RecordOf<'organisation'>
const organisations = [
  org('city', null, 'city'),
  org('univ', 'city', 'entity'),
  org('college', 'univ', 'unit'),
  org('physics', 'univ', 'unit'),
  org('firm', 'city', 'entity', { sme: true }),
  org('firm-lab', 'firm', 'unit'),
]
const tree = createOrganisationTree(organisations)
const enrolment = (from: number, more: object = {}) =>
  ({
    ...chained,
    instrument: 'sem',
    gateway: 'gw',
    unit: 'college',
    from: t0 + from * HOUR,
    names: {},
    class: 'general',
    alwaysOn: false,
    exclusive: true,
    prepMs: 0,
    postMs: 0,
    ...more,
  }) as unknown as RecordOf<'enrolment'>
const records = (more: Partial<StandingRecords> = {}): StandingRecords => ({
  organisations,
  enrolments: [enrolment(0)],
  schedules: [],
  sessions: [],
  maintenance: [],
  ...more,
})
const input = (
  more: Partial<StandingRecords>,
  spans = [{ state: 'run' as const, from: t0, to: t0 + 7 * DAY }],
) =>
  inputFromRecords({
    site: 'lab',
    instrument: 'sem',
    zone: 'UTC',
    period: { from: t0, to: t0 + 14 * DAY },
    spans,
    records: records(more),
  })

describe('a two-level university', () => {
  const sessions = [
    session('a', 0, 10),
    session('b', 10, 30, { beneficiary: 'physics' }),
    session('c', 30, 60, { beneficiary: 'firm-lab', purpose: 'service' }),
  ]
  it('counts as outside at college level what is inside at school level', () => {
    const rows = useRows(input({ sessions }), [{ from: t0, to: t0 + 7 * DAY }])
    expect(shareLevel(tree, 'college', rows, 60 * HOUR)).toEqual({ outside: 50 * HOUR, share: 50 / 60 })
    expect(shareLevel(tree, 'univ', rows, 60 * HOUR)).toEqual({ outside: 30 * HOUR, share: 0.5 })
    expect(belongsTo(tree, 'college', 'univ', t0)).toBe(true)
    expect(belongsTo(tree, 'college', 'firm', t0)).toBe(false)
  })
  it('who is not known is no person, neither inside nor outside', () => {
    const known = instrumentFigures(input({ sessions }), { from: t0, to: t0 + 7 * DAY })
    const strangers = sessions.map((one) => ({ ...one, user: nobody }))
    const unknown = instrumentFigures(input({ sessions: strangers }), { from: t0, to: t0 + 7 * DAY })
    expect(fleetFigures([known])).toMatchObject({ use: { persons: 1, personsExternal: 1 } })
    expect(fleetFigures([unknown])).toMatchObject({
      use: { persons: 0, personsExternal: 0, organisationsExternal: 1 },
      shareUsersPerson: null,
    })
  })
  it('a unit of a small company is one too, and counts once however many networks list the set', () => {
    const result = instrumentFigures(input({ sessions }), { from: t0, to: t0 + 7 * DAY })
    expect(result.figures.smeExternal).toBe(30 * HOUR)
    const fleet = fleetFigures([result, result])
    expect(fleet).toMatchObject({ sets: 1, meanEffectivePerSet: 168 * HOUR })
    expect(fleet.use).toMatchObject({ smes: 1, organisations: 3, organisationsExternal: 1, persons: 1 })
  })
})

describe('dated registry changes', () => {
  const over = (made: ReturnType<typeof input>, from: number, to: number) =>
    instrumentFigures(made, { from: t0 + from * DAY, to: t0 + to * DAY }).figures
  it('a new schedule counts from its date on, and one of the instrument before one of the site', () => {
    const schedule = (instrument: string, from: number, until: string) =>
      ({
        ...chained,
        instrument,
        weekly: { '1': [['08:00', until]] },
        exceptions: {},
        from: t0 + from * DAY,
      }) as unknown as RecordOf<'schedule'>
    const made = input({ schedules: [schedule('*', -9, '10:00'), schedule('sem', 5, '18:00')] })
    expect(made.schedule?.map(({ from, to }) => (to - from) / HOUR)).toEqual([2, 10])
    expect(over(made, 0, 7).rates.utilSchedule?.value).toBe(1)
  })
  it('a new warm-up counts from its date on', () => {
    const day = (d: number) => [
      { state: 'standby' as const, from: t0 + d * DAY, to: t0 + d * DAY + 2 * HOUR },
      { state: 'run' as const, from: t0 + d * DAY + 2 * HOUR, to: t0 + d * DAY + 3 * HOUR },
      { state: 'off' as const, from: t0 + d * DAY + 3 * HOUR, to: t0 + (d + 1) * DAY },
    ]
    const enrolments = [enrolment(0), enrolment(24, { prepMs: HOUR })]
    const made = input({ enrolments }, [...day(0), ...day(1)] as never)
    expect([over(made, 0, 1).effective, over(made, 1, 2).effective]).toEqual([HOUR, 2 * HOUR])
  })
  it('an instrument that moves to another unit is judged by the one that manages it then', () => {
    const sessions = [session('a', 0, 48)]
    const enrolments = [enrolment(0), enrolment(24, { unit: 'physics' })]
    const { relation } = over(input({ sessions, enrolments }), 0, 2)
    expect(relation).toEqual({ ownUnit: 24 * HOUR, sameEntity: 24 * HOUR, external: 0 })
  })
  it('a beneficiary nobody knows is unattributed, never external', () => {
    const figures = over(input({ sessions: [session('a', 0, 24, { beneficiary: 'stranger' })] }), 0, 1)
    expect(figures).toMatchObject({ external: 0, unattributed: DAY, attributionGrade: 'not verifiable' })
  })
})

describe('sums that are no hours', () => {
  const none: CountedRecords = {
    sessions: [],
    charges: [],
    vouchers: [],
    subsidies: [],
    compute: [],
    trainings: [],
    achievements: [],
    ratings: [],
    claims: [],
  }
  const sum = (more: Partial<CountedRecords>) =>
    sumRecords({ ...none, ...more }, [{ from: t0, to: t0 + DAY }], {
      tree,
      unitAt: () => 'college',
      used: [],
    })

  it('entrusted tests without run give samples, income and an enterprise served, and no hours', () => {
    const entrusted = session('a', 0, 1, { beneficiary: 'firm', way: 'entrusted', samples: 40, project: 'p' })
    const at = t0 + HOUR
    const charges = [
      { ...chained, id: 'c', instrument: 'sem', session: 'a', at, fen: 9_900, actor: 'a' },
      { ...chained, id: 'd', instrument: 'sem', payer: 'physics', at, fen: 100, actor: 'a' },
      { ...chained, id: 'e', instrument: 'sem', at, fen: 7, actor: 'a' },
      { ...chained, id: 'late', instrument: 'sem', payer: 'firm', at: t0 + DAY, fen: 1, actor: 'a' },
    ] as unknown as RecordOf<'charge'>[]
    expect(sum({ sessions: [entrusted], charges })).toMatchObject({
      samples: 40,
      incomeOutsideFen: 9_900,
      incomeInsideFen: 100,
      incomeUnknownFen: 7,
      organisationsServed: 1,
      smesServed: 1,
      projects: 1,
      ratingMean: null,
    })
    const figuresOf = (one: RecordOf<'session'>, state: 'off' | 'run') =>
      instrumentFigures(input({ sessions: [one] }, [{ state, from: t0, to: t0 + DAY }] as never), {
        from: t0,
        to: t0 + DAY,
      })
    expect(figuresOf(entrusted, 'off').figures.external).toBe(0)
    expect(figuresOf(entrusted, 'run').figures.external).toBe(HOUR)
    // Without clock times it lasts 1 ms, and is given nothing of an instrument that runs in it.
    for (const way of ['entrusted', 'operated'] as const) {
      const order = figuresOf({ ...entrusted, way, to: entrusted.from + 1 }, 'run')
      expect(order).toMatchObject({ used: [], figures: { external: 0, unattributed: DAY } })
    }
  })
  it('compute, trainings, achievements and ratings keep their own units', () => {
    const more = {
      compute: [{ from: t0, coreMs: 64 * HOUR, nodeMs: HOUR, jobs: 3 }],
      trainings: [
        { at: t0, level: 'independent', persons: 2 },
        { at: t0 + DAY, level: 'independent', persons: 9 },
      ],
      achievements: [
        { at: t0, kind: 'paper', level: 'core', count: 2 },
        { at: t0, kind: 'paper', level: 'core', count: 1 },
        { at: t0, kind: 'paper', level: 'indexed', count: 4 },
        { at: t0, kind: 'patent', level: 'teacher', count: 1 },
        { at: t0, kind: 'patent', level: 'student', count: 1 },
        { at: t0 + DAY, kind: 'patent', level: 'student', count: 8 },
        { at: t0, kind: 'award', level: 'national', count: 1 },
        { at: t0, kind: 'function', level: 'original', count: 6 },
        { at: t0, kind: 'function', level: 'new', count: 2 },
      ],
      ratings: [
        { at: t0, score: 5 },
        { at: t0, score: 4 },
      ],
    } as unknown as Partial<CountedRecords>
    expect(sum(more)).toMatchObject({
      coreMs: 64 * HOUR,
      jobs: 3,
      trainedIndependent: 2,
      achievements: { 'paper:core': 3, 'paper:indexed': 4 },
      ...{ papers: 7, patents: 2, awards: 1, functionsNew: 2, ratingMean: 4.5 },
    })
  })
  it('turnaround is of sessions of which both times are known; shifts are added, and made from nothing', () => {
    const turned = (id: string, days: number | undefined, more = {}) =>
      session(id, 0, 1, {
        receivedAt: t0 - DAY,
        ...(days === undefined ? {} : { reportedAt: t0 - DAY + days * DAY }),
        ...more,
      })
    const sessions = [turned('a', 2, { shifts: 3 }), turned('b', 5), turned('c', undefined, { shifts: 1 })]
    expect(sum({ sessions })).toMatchObject({ turnarounds: 2, turnaroundMs: 7 * DAY, shifts: 4 })
    const line = (counted: Partial<CountedRecords>) => {
      const listed = figureList('x', scopeFigures([], 1.5, { counted: sum(counted) }))
      return listed.find(({ kpi }) => kpi === 'turnaroundMean')
    }
    expect(line({ sessions })).toMatchObject({ value: 3.5 * DAY, unit: 'ms' })
    expect(line({})).toMatchObject({ value: null })
  })
})

describe('a channel', () => {
  const probe = (day: string, probed: number, ok: number, completeness: number | null) =>
    ({
      channel: 'web',
      day,
      probed,
      ok,
      completeness,
      failures: [{ reason: '404', count: probed - ok }],
    }) as unknown as RecordOf<'probe'>
  it('has figures of its own; days without probes are unknown', () => {
    const dead = probe('2025-01-02', 288, 0, null)
    const figures = channelFigures([probe('2025-01-01', 288, 288, 0.5), dead, dead])
    expect(figures).toMatchObject({ probed: 576, ok: 288, availability: 0.5, completeness: 0.5 })
    expect(figures.failures.get('404')).toBe(288)
    expect(channelFigures([])).toMatchObject({ availability: null, completeness: null })
  })
})
