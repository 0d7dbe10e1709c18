import { HOUR } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { instrumentFigures } from '../figures.ts'
import { parsePeriod } from '../period.ts'
import { assess, type Candidate } from './assess.ts'
import { ruleSetDocuments } from './documents.ts'
import type { InstrumentFacts } from './facts.ts'
import { readRuleSet, type RuleSetDocument, versionFaults } from './rule-set.ts'

const zone = 'Asia/Shanghai'
const yearOf = (text: string) => {
  const period = parsePeriod(text, zone)
  if (!period.ok) throw new Error(period.error.message)
  return period.value
}
const rulesOf = (id: string): RuleSetDocument => {
  const found = ruleSetDocuments.map(readRuleSet).findLast((one) => one.ok && one.value.id === id)
  if (!found?.ok) throw new Error(id)
  return found.value
}
/** A set that ran `hours` in the period, `outside` of them for an outside company. */
function candidate(
  id: string,
  text: string,
  hours: number,
  outside: number,
  facts: InstrumentFacts = {},
): Candidate {
  const period = yearOf(text)
  const end = period.from + hours * HOUR
  const year = text.startsWith('AY') ? ('academic' as const) : ('calendar' as const)
  const input = {
    id,
    zone,
    spans: [
      { state: 'run' as const, from: period.from, to: end },
      { state: 'off' as const, from: end, to: period.to },
    ],
    enrolled: [period],
    prepMs: 0,
    postMs: 0,
    maintenance: [],
    sessions: [
      ...(outside > 0
        ? [
            {
              id: 's',
              from: period.from,
              to: period.from + outside * HOUR,
              beneficiary: 'company',
              relation: 'external' as const,
              purpose: 'service' as const,
              user: 'u',
            },
          ]
        : []),
    ],
  }
  return { id, totals: instrumentFigures(input, period, { year }).totals, facts }
}
const run = (id: string, text: string, candidates: Candidate[], parameters: Record<string, unknown> = {}) => {
  const result = assess({ rules: rulesOf(id), hash: 'h', parameters, period: yearOf(text), zone, candidates })
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

describe('the rule sets that come with the system', () => {
  it('can all be read', () => {
    expect(ruleSetDocuments.map((one) => (readRuleSet(one).ok ? 'ok' : one))).toEqual(
      ruleSetDocuments.map(() => 'ok'),
    )
    expect(new Set(ruleSetDocuments.map((one) => (one as { id: string }).id)).size).toBe(8)
    const faults = ruleSetDocuments.flatMap((one) => {
      const read = readRuleSet(one)
      return read.ok ? versionFaults(read.value) : []
    })
    expect(faults).toEqual([])
  })

  it('guess no number that was not found: what is missing is named', () => {
    const missing = (id: string) => {
      const result = assess({
        rules: rulesOf(id),
        hash: 'h',
        parameters: {},
        period: yearOf('2025'),
        zone,
        candidates: [],
      })
      return result.ok ? '' : result.error.message
    }
    expect(missing('gd-2023')).toBe(
      'parameter "baseHours" is required: Yearly hours of which 85 % must be used (h)',
    )
    for (const weight of ['weightRunHours', 'weightSharedHours', 'fromExcellent'])
      expect(missing('cn-national-2026')).toContain(`parameter "${weight}" is required`)
    expect(missing('cn-moe-2000')).toContain('insidePointsPer1000Yuan')
    expect(missing('eu-tna')).toContain('accessCostYear1')
    expect(missing('zj-2021')).toBe('')
  })
})

describe('cn-moe-2000', () => {
  const facts: InstrumentFacts = {
    class: 'general',
    valueYuan: 800_000,
    alwaysOn: false,
    trainedIndependent: 4,
    trainedGuided: 5,
    demonstrationPersons: 59,
    awardsNational: 0,
    awardsProvincial: 1,
    awardsSchool: 0,
    corePapers: 10,
    incomeOutsideYuan: 8_000,
    incomeInsideYuan: 5_000,
    functionsOriginal: 10,
    functionsUsed: 8,
    functionsNew: 1,
  }
  const parameters = { insidePointsPer1000Yuan: 2 }

  it('gives 96.79 % of the quota for 1355 h on a general instrument, in an academic year', () => {
    const { instruments } = run(
      'cn-moe-2000',
      'AY2024',
      [candidate('a', 'AY2024', 1_355, 542, facts)],
      parameters,
    )
    expect(instruments[0]?.figures['utilQuota']).toBeCloseTo(1_355 / 1_400, 12)
    expect(instruments[0]?.hours.rates.shareHours.value).toBeCloseTo(0.4, 12)
    expect(instruments[0]?.reasons[0]).toEqual({
      id: 'belowQuota',
      en: 'Below quota because of 7405.0 h off: 1355.0 h effective of 1400.0 h due.',
      zh: '因关机 7405.0 小时，低于定额机时：有效机时 1355.0 小时，定额 1400.0 小时。',
    })
  })

  it('adds up the table of 35, 20, 25, 15 and 5', () => {
    const [one] = run(
      'cn-moe-2000',
      'AY2024',
      [candidate('a', 'AY2024', 1_400, 0, facts)],
      parameters,
    ).instruments
    expect(
      one?.items.map(({ id, points, score }) => [id, points, Math.round((score ?? 0) * 100) / 100]),
    ).toEqual([
      ['hours', 100, 35],
      // 4 x 10 + 5 x 3 + 1 for 30 of 59 people.
      ['training', 56, 11.2],
      // 60 + 10 x 5, of which 100 count.
      ['results', 110, 25],
      ['income', 50, 7.5],
      ['functions', 58, 2.9],
    ])
    expect(one?.score).toBeCloseTo(81.6, 10)
    expect([one?.grade, one?.incomplete]).toEqual(['good', []])
  })

  it.each([
    ['general', 1_400],
    ['special', 800],
    ['machinery', 800],
  ] as const)('has a quota for class %s of %d h', (kind, quota) => {
    const [one] = run(
      'cn-moe-2000',
      'AY2024',
      [candidate('a', 'AY2024', quota, 0, { ...facts, class: kind })],
      parameters,
    ).instruments
    expect(one?.figures['utilQuota']).toBeCloseTo(1, 12)
  })

  it('says what it could not work out instead of counting it as 0', () => {
    const { trainedGuided: _, ...less } = facts
    const [one] = run(
      'cn-moe-2000',
      'AY2024',
      [candidate('a', 'AY2024', 1_400, 0, less)],
      parameters,
    ).instruments
    expect(one?.items[1]).toMatchObject({ points: null, score: null })
    expect(one?.incomplete).toEqual(['training'])
  })

  it('leaves out what is worth less, ranks by score, and shows always-on sets unranked', () => {
    const result = run(
      'cn-moe-2000',
      'AY2024',
      [
        candidate('low', 'AY2024', 100, 0, facts),
        candidate('nmr', 'AY2024', 5_000, 0, { ...facts, alwaysOn: true }),
        candidate('high', 'AY2024', 1_400, 0, facts),
        candidate('high-too', 'AY2024', 1_400, 0, facts),
        candidate('cheap', 'AY2024', 9, 0, { ...facts, valueYuan: 99_999 }),
        candidate('high', 'AY2024', 1_400, 0, facts),
      ],
      parameters,
    )
    expect(result.instruments.map(({ id, rank }) => [id, rank])).toEqual([
      ['high', 1],
      ['high-too', 1],
      ['low', 3],
      ['nmr', null],
    ])
    expect(result.leftOut).toEqual(['cheap'])
    expect(result.fleet.sets).toBe(4)
  })
})

describe('the other rule sets', () => {
  it('gd-2023: below 85 % of the base idle hours must be opened; no subsidy without its percentage', () => {
    const facts = { valueYuan: 600_000, alwaysOn: false, incomeOutsideYuan: 40_000 }
    const sets = [candidate('a', '2025', 1_000, 100, facts), candidate('b', '2025', 1_400, 0, facts)]
    const bare = run('gd-2023', '2025', sets, { baseHours: 1_600 })
    expect(bare.instruments.map(({ id, figures }) => [id, figures['mustOpenH']])).toEqual([
      ['a', 600],
      ['b', 0],
    ])
    expect(bare.instruments[0]?.reasons[0]?.en).toBe(
      'Below 85 % because of 7760.0 h off: 1000.0 h used of 1600.0 h (62.50 %); 600.0 h must be opened, small and medium enterprises first.',
    )
    expect(bare.instruments[0]?.awards.map(({ kind }) => kind)).toEqual(['obligation'])
    const paid = run('gd-2023', '2025', sets, { baseHours: 1_600, subsidyShare: 0.3, subsidyCapYuan: 10_000 })
    expect(paid.instruments[0]?.awards[1]).toMatchObject({ kind: 'subsidy', fen: 1_000_000 })
  })

  it('cn-purchase-check: more than 1200 h is saturated, 1200 h is not', () => {
    const of = (hours: number) =>
      run('cn-purchase-check', '2025', [candidate('a', '2025', hours, 0, { kind: 'sem' })], {
        purchaseYuan: 2_000_000,
        kind: 'sem',
      }).fleet
    expect(of(1_200).figures['saturated']).toBe(false)
    expect(of(1_201).figures).toMatchObject({ saturated: true, applies: true })
    expect(of(1_201).reasons[0]?.id).toBe('saturated')
  })

  it('cn-purchase-check: a few hours are no year, and say nothing of one', () => {
    const check = (period: string, ...hours: number[]) =>
      run(
        'cn-purchase-check',
        period,
        hours.map((one, i) => candidate(`set-${i}`, period, one, 0, { kind: 'sem' })),
        { purchaseYuan: 2_000_000, kind: 'sem' },
      )
    const { fleet, instruments } = check('2025-01-01..2025-01-08', 7, 160)
    expect(fleet.figures).toMatchObject({ meanAnnualH: null, saturated: null, setsWithYear: 0 })
    expect(fleet.reasons.map(({ en }) => en)).toEqual([
      'Not judged: none of 2 same-kind sets has a full year of hours in this period.',
    ])
    expect(instruments[0]?.reasons[0]?.en).toBe(
      'Not in the mean: 168.0 h of the period are less than a year.',
    )
    // Twelve months over a leap day are a year; two years are two.
    expect(check('2024-07-01..2025-07-01', 1_201).fleet.figures['saturated']).toBe(true)
    expect(check('2024-01-01..2026-01-01', 2_400).fleet.figures['meanAnnualH']).toBe(1_200)
  })

  it('univ-sheet: a rate of 10 % gives 10 points, 1 point a 100 h up to 15', () => {
    const { fleet } = run('univ-sheet', 'AY2024', [
      candidate('a', 'AY2024', 1_355, 542, { valueYuan: 100, incomeInsideYuan: 10, incomeOutsideYuan: 20 }),
    ])
    expect(fleet.items.map(({ score }) => score)).toEqual([10, expect.closeTo(13.55, 10)])
    expect(fleet.figures['insideOutsideRate']).toBeCloseTo((1.5 * 542) / 1_355, 12)
    expect(fleet.figures['yield']).toBeCloseTo(0.4, 12)
  })

  it('zj-2021: ten years that end before the year, from 300,000 yuan on', () => {
    const of = (id: string, inServiceYear: number, valueYuan = 300_000) =>
      candidate(id, '2025', 1_107, 276, { inServiceYear, valueYuan, hasSensor: id === 'a' })
    const { instruments, fleet } = run('zj-2021', '2025', [
      of('a', 2015),
      of('b', 2024),
      of('old', 2014),
      of('new', 2025),
      of('cheap', 2020, 299_999),
    ])
    expect(instruments.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(fleet.figures).toMatchObject({ sensorRate: 0.5, shareInstruments: 1, meanEffectiveH: 1_107 })
    expect(fleet.figures['shareRate']).toBeCloseTo(276 / 1_107, 12)
  })

  it('cn-national-2026: weights and grades come from whoever assesses', () => {
    const rules = rulesOf('cn-national-2026')
    const given = Object.fromEntries(
      Object.keys(rules.parameters).map((id) => [id, id.startsWith('weight') ? 100 / 9 : 80]),
    )
    const facts = { valueYuan: 500_000, alwaysOn: false, onNetwork: true, mustOpen: true, bookable: true }
    const { fleet } = run('cn-national-2026', '2025', [candidate('a', '2025', 1_599, 273, facts)], {
      ...given,
      fullRunHours: 1_599,
      fullSharedHours: 546,
      fromExcellent: 90,
      fromGood: 80,
      fromPass: 60,
    })
    expect(fleet.figures['shareRate']).toBeCloseTo(0.1707, 4)
    expect(fleet.score).toBeCloseTo((6 * 80 + 100 + 100 + 50) / 9, 10)
    expect(fleet.grade).toBe('良好')
  })

  it('eu-tna: cost of an hour over two years', () => {
    const sets = [candidate('a', '2024-01-01..2026-01-01', 4_000, 0, { alwaysOn: false })]
    const { fleet } = run('eu-tna', '2024-01-01..2026-01-01', sets, {
      accessCostYear1: 90_000,
      accessCostYear2: 110_000,
      grantedUnits: 100,
      unitsOutsideEu: 21,
    })
    expect(fleet.figures).toMatchObject({ annualQuantity: 2_000, unitCost: 50, claim: 5_000 })
    expect(fleet.reasons.map(({ en }) => en)).toEqual([
      'Groups mostly outside the EU and associated states had 21.00 % of the units; at most 20 % count.',
    ])
  })

  it('eu-tna: the costs are of two years, and no other period gives a unit cost', () => {
    const given = { accessCostYear1: 90_000, accessCostYear2: 110_000, grantedUnits: 100, unitsOutsideEu: 0 }
    const { fleet } = run('eu-tna', '2025', [candidate('a', '2025', 4_000, 0, { alwaysOn: false })], given)
    expect(fleet.figures).toMatchObject({ annualQuantity: null, unitCost: null, claim: null })
    expect(fleet.reasons.map(({ en }) => en)).toEqual([
      'The rule is about the past two years; this period has 1 so far: no unit cost.',
    ])
  })
})

describe('a facility’s own rule set', () => {
  const own = {
    id: 'my-lab',
    version: '1',
    title: { en: 'Our own' },
    from: '2025-01-01',
    year: 'calendar',
    instrument: { items: [{ id: 'x', title: { en: 'X' }, points: ['div', '$effectiveH', 10], max: 50 }] },
    ranking: ['$score'],
  }
  it('needs no code', () => {
    const read = readRuleSet(own)
    if (!read.ok) throw new Error(read.error.message)
    const result = assess({
      rules: read.value,
      hash: 'h',
      parameters: {},
      period: yearOf('2025'),
      zone,
      candidates: [candidate('a', '2025', 200, 0)],
    })
    expect(result.ok && result.value.instruments[0]?.score).toBe(20)
  })

  it.each([
    [['div', '$effectivH', 10], 'instrument.items.x.points: "$effectivH" is no figure'],
    [['exec', 'rm'], 'instrument.items.x.points: "exec" is no operation'],
    [['constructor', 1], '"constructor" is no operation'],
    [['div', 1], '"div" takes 2 to 2 arguments, not 1'],
    [['sum', '$effectiveH'], '"sum" runs over a cohort'],
    [{ eval: '1' }, 'instrument.items.0.points'],
    [Array.from({ length: 40 }).reduce((inner) => ['add', inner], 1), 'nested deeper'],
  ])('is refused with the place of its fault: %j', (points, message) => {
    const read = readRuleSet({
      ...own,
      instrument: { items: [{ id: 'x', title: { en: 'X' }, points }] },
    })
    expect(read.ok ? '' : read.error.message).toContain(message)
  })

  it('is refused parameters that it does not have or that do not fit', () => {
    const rules = rulesOf('gd-2023')
    const parameters = { baseHours: -1, other: 2 }
    const result = assess({ rules, hash: 'h', parameters, period: yearOf('2025'), zone, candidates: [] })
    expect(result.ok ? '' : result.error.message).toContain(
      'parameter "other": gd-2023 has none of that name',
    )
    expect(result.ok ? '' : result.error.message).toContain(
      'parameter "baseHours": -1 is not a number from 1',
    )
  })
})
