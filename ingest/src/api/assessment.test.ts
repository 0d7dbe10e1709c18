import { HOUR, type State } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { playWeek, weekSite, type WeekWorld, type WorkedWeek } from './worked-week.fixture.ts'
import { recordItem } from '../write-records.ts'

/** Midnight of 1 January 2025 in Shanghai. */
const midnight = Date.UTC(2024, 11, 31, 16)
const h = (hours: number) => midnight + hours * HOUR
const use = (id: string, from: number, to: number, beneficiary: string) => ({
  ...{ id, from: h(from), to: h(to), user: `user of ${id}`, beneficiary },
  ...{ purpose: beneficiary === 'own' ? 'research' : 'service', samples: 1 },
})
const instrument = (
  id: string,
  spans: [State, number, number][],
  sessions: ReturnType<typeof use>[],
  more: object = {},
): WorkedWeek['instruments'][number] => ({
  ...{ id, prep: 0, post: 0, maintenance: [], sessions, ...more },
  spans: spans.map(([state, from, to]) => [state, h(from), h(to)]),
})

/** Effective and external hours: a 10 and 4, b and c 6 and 2, magnet 2 and 2; 10 h of a are unknown. */
const week: WorkedWeek = {
  zone: 'Asia/Shanghai',
  period: [midnight, h(48)],
  instruments: [
    instrument(
      'a',
      [
        ['off', -4, 9],
        ['run', 9, 19],
        ['off', 19, 30],
        ['unknown', 30, 40],
        ['off', 40, 48],
      ],
      [use('a1', 9, 13, 'C1'), use('a2', 13, 19, 'own')],
    ),
    ...['b', 'c'].map((id) =>
      instrument(
        id,
        [
          ['off', -4, 9],
          ['run', 9, 15],
          ['off', 15, 48],
        ],
        [use(`${id}1`, 9, 11, 'C1'), use(`${id}2`, 11, 15, 'own')],
      ),
    ),
    instrument(
      'magnet',
      [
        ['standby', -4, 9],
        ['run', 9, 11],
        ['standby', 11, 48],
      ],
      [use('m1', 9, 11, 'C2')],
      { always_on: true },
    ),
  ],
}

const moe = { insidePointsPer1000Yuan: 1 }
const weights = ['Coordination', 'OpenRate', 'Staff', 'Platform', 'RunHours', 'Operation', 'SharedHours']
const national = {
  ...Object.fromEntries(weights.map((name) => [`weight${name}`, 10])),
  ...{ weightServiceResults: 20, weightSupply: 10, fullRunHours: 12, fullSharedHours: 5 },
  ...{ scoreCoordination: 80, scoreStaff: 80, scorePlatform: 80, scoreOperation: 80 },
  ...{ scoreServiceResults: 80, scoreSupply: 80, fromExcellent: 90, fromGood: 70, fromPass: 60 },
}
const tna = { accessCostYear1: 1_000, accessCostYear2: 1_400, grantedUnits: 6, unitsOutsideEu: 3 }

interface Outcome {
  figures: Record<string, unknown>
  items: { id: string; points: number | null; score: number | null; reason: string | null }[]
  score: number | null
  max: number | null
  grade: string | null
  incomplete: string[]
  reasons: { id: string; en: string; zh?: string }[]
  awards: { id: string; kind: string; fen: number | null }[]
}
interface Answer {
  ruleset: { id: string; version: string; hash: string }
  total: number | null
  max: number | null
  grade: string | null
  items: Outcome['items']
  cohort: number
  coverage: number
  leftOut: string[]
  parameters: Record<string, unknown>
  fleet: Outcome & { sets: number }
  instruments: (Outcome & { id: string; rank: number | null; hours: Record<string, unknown> })[]
  checkpoint: { origin: string; size: number; root: string } | null
  next: string | null
}

describe('an assessment over the API', () => {
  let world: WeekWorld
  const url = (ruleset: string, parameters: object, query = '') =>
    `/api/v1/assessments?ruleset=${ruleset}&period=2025-01-01..2025-01-03&parameters=${encodeURIComponent(JSON.stringify(parameters))}${query}`
  const assessment = async (ruleset: string, parameters: object = {}, query = '') => {
    const { status, body } = await world.get(url(ruleset, parameters, query))
    expect([status, body['fix']]).toEqual([200, undefined])
    return body as unknown as Answer
  }
  const of = ({ instruments }: Answer, id: string) => instruments.find((one) => one.id === `gz-gibh/${id}`)

  beforeAll(async () => {
    world = await playWeek(week)
    const money = (kind: 'charge' | 'voucher' | 'subsidy', id: string, fen: number, payer: string) =>
      recordItem(kind, weekSite, { id, instrument: 'a', at: h(20), fen, payer, actor: 'import' })
    await world.ingest.recordAll([
      recordItem('enrolment', weekSite, {
        ...{ instrument: 'balance', gateway: 'gw-1', unit: 'lab', from: midnight, names: { en: 'balance' } },
        ...{ valueFen: 900_000, prepMs: 0, postMs: 0, kind: 'balance' },
      }),
      money('charge', 'c1', 100_000, 'c1'),
      money('charge', 'c2', 400_000, 'own'),
      recordItem('training', weekSite, {
        ...{ id: 't1', instrument: 'a', at: h(20), group: 'student', level: 'independent', persons: 4 },
        actor: 'import',
      }),
      recordItem('achievement', weekSite, {
        ...{ id: 'p1', instrument: 'a', at: h(20), kind: 'paper', level: 'core', count: 2, actor: 'import' },
      }),
      recordItem('membership', 'installation', { channel: 'nrii', instrument: 'gz-gibh/a', from: midnight }),
    ])
    await world.ingest.settled()
  }, 60_000)
  afterAll(() => world.close())

  it('ranks by the rule’s own order; equal ones share a rank, always-on sets have none, cheap ones are left out', async () => {
    const answer = await assessment('zj-2021')
    expect(answer.instruments.map(({ id, rank }) => [id, rank])).toEqual([
      ['gz-gibh/a', 1],
      ['gz-gibh/b', 2],
      ['gz-gibh/c', 2],
      ['gz-gibh/magnet', null],
    ])
    expect(answer.leftOut).toEqual(['gz-gibh/balance'])
    expect(answer.cohort).toBe(4)
    expect(answer.fleet).toMatchObject({
      sets: 4,
      figures: {
        meanEffectiveH: 6,
        meanExternalH: 2.5,
        shareRate: 10 / 24,
        shareInstruments: 1,
        sensorRate: 1,
      },
    })
    expect(of(answer, 'a')?.hours).toMatchObject({
      effective: 10 * HOUR,
      effectiveUpper: 20 * HOUR,
      external: 4 * HOUR,
      externalUpper: 14 * HOUR,
      coverage: 38 / 48,
    })
  })

  it('says in both languages why, per instrument', async () => {
    const [reason] = of(await assessment('zj-2021'), 'a')?.reasons ?? []
    expect(reason).toEqual({
      id: 'unverifiable',
      en: 'Hours are not verifiable: coverage is 79.17 %.',
      zh: '机时不可核验：覆盖率 79.17 %。',
    })
    expect(of(await assessment('zj-2021'), 'b')?.reasons).toEqual([])
  })

  it('names what of the log and which rules it is from', async () => {
    const answer = await assessment('zj-2021')
    expect(answer.ruleset.hash).toMatch(/^[\w-]{43}$/)
    expect(answer.checkpoint?.origin).toContain('demo.test')
    expect(answer.checkpoint?.size).toBeGreaterThan(600)
    const { body } = await world.get('/api/v1/rulesets')
    const listed = (body['items'] as { id: string; hash: string }[]).find(({ id }) => id === 'zj-2021')
    expect(listed?.hash).toBe(answer.ruleset.hash)
  })

  it.each([
    ['cn-national-2026', 'weightCoordination'],
    ['cn-moe-2000', 'insidePointsPer1000Yuan'],
    ['cn-purchase-check', 'purchaseYuan'],
    ['gd-2023', 'baseHours'],
    ['eu-tna', 'accessCostYear1'],
  ])('%s is not run without %s, and the answer names it', async (id, parameter) => {
    expect(await world.get(url(id, {}))).toMatchObject({
      status: 400,
      body: {
        title: 'the rule set needs parameters',
        field: 'parameters',
        fix: expect.stringContaining(`"${parameter}" is required`) as string,
      },
    })
  })

  it('gd-2023: who is below 85 % must open the idle hours, and outside income is subsidised up to the cap', async () => {
    const parameters = { baseHours: 2_000, subsidyShare: 0.3, subsidyCapYuan: 200 }
    const answer = await assessment('gd-2023', parameters)
    const base = (2_000 * 2) / 365
    expect(answer.parameters).toMatchObject(parameters)
    const [a, b] = [of(answer, 'a'), of(answer, 'b')]
    expect(a?.figures['useShare']).toBeCloseTo(10 / base, 12)
    expect(a?.awards).toEqual([expect.objectContaining({ id: 'subsidy', kind: 'subsidy', fen: 20_000 })])
    expect(b?.awards.map(({ id }) => id)).toEqual(['open', 'subsidy'])
    expect(b?.reasons.map(({ id }) => id)).toEqual(['below85'])
    expect(b?.reasons[0]?.en).toMatch(
      /^Below 85 % because of .* h (off|unknown|standby): 6\.0 h used of 11\.0 h/,
    )
    expect(answer.fleet.figures['setsBelow85']).toBe(3)
    expect(answer.fleet.figures['mustOpenTotalH']).toBeCloseTo(3 * base - 14, 9)
    // Without the percentage no amount is guessed.
    const bare = await assessment('gd-2023', { baseHours: 2_000 })
    expect(of(bare, 'a')?.awards).toEqual([])
  })

  it('cn-moe-2000: the sheet of one instrument, item by item, in the academic year', async () => {
    const { status, body } = await world.get(
      `/api/v1/assessments?ruleset=cn-moe-2000&period=AY2024&scope=gz-gibh/a&parameters=${encodeURIComponent(JSON.stringify(moe))}`,
    )
    expect(status).toBe(200)
    const sheet = body as unknown as Answer
    const item = (id: string) => sheet.items.find((one) => one.id === id)
    expect(sheet.items.map(({ id }) => id)).toEqual(['hours', 'training', 'results', 'income', 'functions'])
    expect(item('training')?.points).toBe(40)
    expect(item('results')?.points).toBe(10)
    // 5 points for 1000 yuan from outside, 1 for each 1000 from inside.
    expect(item('income')?.points).toBe(9)
    // How many functions it was bought with nobody has said: not worked out, and not 0.
    expect(item('functions')).toMatchObject({ points: null, score: null })
    expect(sheet.instruments[0]?.incomplete).toEqual(['functions'])
    expect(sheet.max).toBe(100)
    expect(sheet.total).toBe(sheet.instruments[0]?.score)
  })

  it('cn-national-2026: fleet items by given weights, and a grade', async () => {
    const { fleet, total, max, grade } = await assessment('cn-national-2026', national)
    const scores = Object.fromEntries(fleet.items.map(({ id, score }) => [id, score]))
    expect(scores).toMatchObject({ runHoursScore: 5, sharedHoursScore: 5, serviceResultsScore: 16 })
    expect(fleet.figures['networkEntry']).toBe(1 / 4)
    // No record says which must be open: the rate is left out, and said to be.
    expect(fleet.incomplete).toEqual(['openRateScore'])
    expect(total).toBeCloseTo(5 * 8 + 16 + 10, 9)
    expect(max).toBe(100)
    expect(grade).toBe('合格')
  })

  it('cn-purchase-check: same-kind sets only, over 1200 h a year or not', async () => {
    const check = (kind: string) => assessment('cn-purchase-check', { purchaseYuan: 2_000_000, kind })
    const answer = await check('balance')
    expect(answer.instruments.map(({ id }) => id)).toEqual(['gz-gibh/balance'])
    // Two days are no year: nothing is made of them.
    expect(answer.fleet.figures).toMatchObject({ applies: true, meanAnnualH: null, saturated: null })
    expect(answer.fleet.reasons.map(({ id }) => id)).toEqual(['tooShort'])
    expect(answer.ruleset.version).toBe('2019-2')
    const none = await check('nobody-has-one')
    expect(none).toMatchObject({ cohort: 0, fleet: { figures: { meanAnnualH: null } } })
  })

  it('univ-sheet: a line of its own over the cohort', async () => {
    const { fleet, total, max } = await assessment('univ-sheet')
    expect(fleet.figures).toMatchObject({ shareRate: 10 / 24, meanEffectiveH: 24 / 5 })
    expect(fleet.figures['insideOutsideRate']).toBeCloseTo((14 + 15) / 24, 12)
    expect(fleet.items.map(({ score }) => score)).toEqual([10, 0.048])
    expect([total, max]).toEqual([10.048, 25])
  })

  it('eu-tna: what an hour of access costs', async () => {
    const { fleet } = await assessment('eu-tna', tna)
    expect(fleet.figures).toMatchObject({ annualQuantity: null, unitCost: null, outsideEuShare: 0.5 })
    expect(fleet.reasons.map(({ id }) => id)).toEqual(['notTwoYears', 'tooMuchOutside'])
    // Version 1 took any period for two years; what was made with it can still be made again.
    const before = await assessment('eu-tna@1', tna)
    expect(before.fleet.figures).toMatchObject({ annualQuantity: 12, unitCost: 100, claim: 600 })
  })

  it('gives pages, a table and 304', async () => {
    const first = await assessment('zj-2021', {}, '&limit=3')
    expect(first.instruments).toHaveLength(3)
    const rest = await assessment('zj-2021', {}, `&limit=3&cursor=${first.next}`)
    expect(rest.instruments.map(({ id }) => id)).toEqual(['gz-gibh/magnet'])
    expect(rest).toMatchObject({ next: null, cohort: 4, fleet: first.fleet })
    const csv = await world.api.inject({ url: url('zj-2021', {}, '&format=csv') })
    expect(csv.headers['content-type']).toContain('text/csv')
    expect(csv.body).toContain('zj-2021@2021-1,1,gz-gibh/a,a,,')
    expect(csv.body).toContain(',10.0,20.0,4.0,14.0,79.17,')
    expect(csv.body.trim().split('\n')).toHaveLength(5)
    const etag = String(csv.headers['etag'])
    const again = await world.api.inject({
      url: url('zj-2021', {}, '&format=csv'),
      headers: { 'if-none-match': etag },
    })
    expect(again.statusCode).toBe(304)
  })

  it('a scope that is an organisation, and one that nobody knows', async () => {
    expect((await assessment('zj-2021', {}, '&scope=org:lab')).cohort).toBe(4)
    expect(await world.get(url('zj-2021', {}, '&scope=org:nobody'))).toMatchObject({ status: 404 })
  })

  it('refuses what it cannot read, naming the field', async () => {
    const refused = (change: string) =>
      world.get(`/api/v1/assessments?period=2025-01-01..2025-01-03&ruleset=zj-2021${change}`)
    const none = await world.get('/api/v1/assessments?period=2025&ruleset=none')
    expect(none).toMatchObject({ status: 404, body: { field: 'ruleset' } })
    expect(none.body['fix']).toContain('cn-national-2026')
    for (const parameters of ['[1]', '{', '"x"', '{"a":{}}'])
      expect([parameters, await refused(`&parameters=${encodeURIComponent(parameters)}`)]).toMatchObject([
        parameters,
        { status: 400, body: { field: 'parameters' } },
      ])
    expect(await refused('&parameters={"wight":1}')).toMatchObject({
      status: 400,
      body: { field: 'parameters', fix: expect.stringContaining('wight') as string },
    })
    expect(await refused('&cursor=x')).toMatchObject({ status: 400, body: { field: 'cursor' } })
    expect(await refused('&limit=0')).toMatchObject({ status: 400, body: { field: 'limit' } })
    expect(await world.get('/api/v1/assessments?ruleset=zj-2021&period=2025-02-30')).toMatchObject({
      status: 400,
      body: { field: 'period' },
    })
    expect(await world.get(url('gd-2023', { baseHours: 0 }))).toMatchObject({
      status: 400,
      body: { fix: expect.stringContaining('baseHours') as string },
    })
  })

  it('goes by what the registry says of an instrument: in service years before its sensor came, and open', async () => {
    await world.ingest.recordAll([
      recordItem('enrolment', weekSite, {
        ...{ instrument: 'balance', gateway: 'gw-1', unit: 'lab', from: midnight, names: { en: 'balance' } },
        ...{ valueFen: 90_000_000, kind: 'balance', inService: '2019-05-01' },
        ...{ mustOpen: true, bookable: false, takesSamples: true },
      }),
    ])
    await world.ingest.settled()
    const { leftOut, cohort } = await assessment('zj-2021')
    expect([leftOut, cohort]).toEqual([[], 5])
    const { fleet } = await assessment('cn-national-2026', national)
    expect(fleet.figures['openRate']).toBe(1)
    expect(fleet.incomplete).toEqual([])
  })
})
