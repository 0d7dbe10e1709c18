import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rebuildIndex } from '../rebuild.ts'
import { reconcile } from '../reconcile.ts'
import { playWeek, type WeekWorld, type WorkedWeek } from './worked-week.fixture.ts'

const vectors = join(import.meta.dirname, '../../../test/vectors')
const read = (name: string) => JSON.parse(readFileSync(`${vectors}/${name}`, 'utf8')) as never

type Line = {
  kpi: string
  value: number | null
  lower: number | null
  upper: number | null
  denominator: string | null
}
type Expected = Readonly<Record<string, unknown>>
const period = 'period=2025-01-01..2025-01-08'

/** Figures of an answer in the shape of the expected file: `onUpper` is the upper bound of `on`. */
function valueOf(lines: readonly Line[], name: string): unknown {
  const own = (kpi: string) => lines.find((line) => line.kpi === kpi)
  const exact = own(name)
  if (exact) return exact.value
  if (name.endsWith('Upper')) return own(name.slice(0, -5))?.upper
  if (name.endsWith('Lower')) return own(name.slice(0, -5))?.lower
  return undefined
}

function expectFigures(lines: readonly Line[], expected: Expected) {
  for (const [name, wanted] of Object.entries(expected)) {
    if (name === 'states' || name === 'purpose')
      for (const [part, ms] of Object.entries(wanted as Record<string, number>))
        expect([part, valueOf(lines, part)]).toEqual([part, ms])
    else expect([name, valueOf(lines, name)]).toEqual([name, wanted])
  }
}

describe('the worked week, sent as pages and records and read over HTTP', () => {
  let world: WeekWorld
  let expected: { instruments: Record<string, Expected>; fleet: Expected }
  const figures = async (query: string) =>
    (await world.get(`/api/v1/figures?${query}`)).body as {
      figures: Line[]
      members: { of: string; figures: Line[] }[]
      until: number
    }
  beforeAll(async () => {
    expected = read('worked-week.expected.json')
    world = await playWeek(read('worked-week.json'))
  }, 120_000)
  afterAll(() => world.close())

  it.each(['sem-01', 'nmr-02'])('gives every expected figure of %s exactly', async (id) => {
    const { figures: lines } = await figures(`scope=gz-gibh/${id}&${period}`)
    expectFigures(lines, expected.instruments[id] ?? {})
    expect(lines.map(({ value }) => value)).not.toContain(32 * HOUR)
  })

  it('gives the fleet as sums of integers, over all, the entity and its unit alike', async () => {
    for (const scope of ['all', 'org:gibh', 'org:lab']) {
      const answer = await figures(`scope=${scope}&${period}`)
      expectFigures(answer.figures, expected.fleet)
      expect(JSON.stringify(answer)).not.toContain(String(32 * HOUR))
    }
  })

  it('lists the members one level below, each with its own figures', async () => {
    const all = await figures(`scope=all&${period}`)
    expect(all.members.map(({ of }) => of)).toEqual(['org:gibh'])
    const lab = await figures(`scope=org:lab&${period}`)
    expect(lab.members.map(({ of }) => of).sort()).toEqual(['gz-gibh/nmr-02', 'gz-gibh/sem-01'])
    for (const { of, figures: lines } of lab.members) {
      const { shareUsersOrg: _, ...own } = expected.instruments[of.split('/')[1] ?? ''] ?? {}
      expectFigures(lines, own)
    }
  })

  it('says what is outside of the unit, and outside of its entity', async () => {
    const of = async (scope: string) =>
      valueOf((await figures(`scope=${scope}&${period}`)).figures, 'shareLevel')
    // All of E but what nobody is named for is of others than the lab; C1-C3 alone are outside of the entity.
    expect(await of('org:gibh')).toBe(12.625 / 34)
    expect(await of('org:lab')).toBe((34 - 0.25) / 34)
  })

  it('is the same by day, month, year or in one piece, at any level, with the same bounds', async () => {
    const whole = (await figures(`scope=all&${period}`)).figures
    for (const by of ['day', 'month', 'year', 'academic-year', 'period'])
      for (const level of ['instrument', 'unit', 'entity', 'below:1', 'org:gibh']) {
        const { body } = await world.get(`/api/v1/usage?scope=all&${period}&by=${by}&level=${level}`)
        const { rows, totals } = body as Record<'rows' | 'totals', Record<string, number>[]>
        for (const list of [rows, totals]) {
          const sum = (name: string) => list.reduce((all, row) => all + Number(row[name]), 0)
          for (const name of ['on', 'run', 'effective', 'external', 'ownUnit', 'unattributed', 'service'])
            expect([by, level, name, sum(name)]).toEqual([by, level, name, valueOf(whole, name)])
          for (const name of ['onUpper', 'runUpper', 'effectiveUpper', 'externalUpper'])
            expect([by, level, name, sum(name)]).toEqual([by, level, name, valueOf(whole, name)])
        }
      }
    const { body } = await world.get(`/api/v1/usage?scope=all&${period}&by=day`)
    const day = (body['rows'] as Record<string, unknown>[]).find(
      ({ key, label }) => key === 'gz-gibh/sem-01' && label === '2025-01-06',
    )
    expect(day).toMatchObject({
      ...{ effective: 6.75 * HOUR, effectiveUpper: 9.75 * HOUR, external: 6.75 * HOUR, run: 6 * HOUR },
      coverage: 21 / 24,
    })
  })

  it('changes no total where the period is split', async () => {
    const days = [
      '2025-01-01',
      '2025-01-02',
      '2025-01-03',
      '2025-01-04',
      '2025-01-05',
      '2025-01-06',
      '2025-01-07',
    ]
    const whole = (await figures(`scope=all&${period}`)).figures
    const parts = await Promise.all(
      days.map(async (day) => (await figures(`scope=all&period=${day}`)).figures),
    )
    for (const kpi of [
      'on',
      'run',
      'effective',
      'external',
      'unattributed',
      'unknown',
      'off',
      'idle',
      'offSchedule',
    ])
      expect(parts.reduce((sum, lines) => sum + Number(valueOf(lines, kpi)), 0)).toBe(valueOf(whole, kpi))
  })

  it('answers 304 to who has it, and a table to who wants CSV', async () => {
    const url = `/api/v1/figures?scope=all&${period}`
    const first = await world.api.inject({ url })
    const tag = String(first.headers['etag'])
    expect((await world.api.inject({ url, headers: { 'if-none-match': tag } })).statusCode).toBe(304)
    const csv = await world.api.inject({ url: `/api/v1/figures.csv?scope=all&${period}` })
    expect(csv.headers['content-type']).toContain('text/csv')
    expect(csv.body).toContain('all,shareHours,%,37.13,34.12,42.23,effective,')
    expect((await world.api.inject({ url, headers: { accept: 'text/csv' } })).body).toBe(csv.body)
  })

  it('refuses a period, a scope and a rule set that are none, naming the field', async () => {
    expect(await world.get('/api/v1/figures?scope=all&period=2025-13')).toMatchObject({
      status: 400,
      body: { field: 'period', value: '2025-13' },
    })
    expect(await world.get(`/api/v1/figures?scope=org:nobody&${period}`)).toMatchObject({ status: 404 })
    expect(await world.get(`/api/v1/figures?ruleset=none&${period}`)).toMatchObject({
      status: 404,
      body: { field: 'ruleset' },
    })
  })
})

describe('the same week in another order', () => {
  it('is the same in every figure, and a rebuild gives every row again', async () => {
    const week = read('worked-week.json') as WorkedWeek
    const world = await playWeek(week, { order: (items) => items.toReversed() })
    const { body } = await world.get(`/api/v1/figures?scope=all&${period}`)
    const expected = read('worked-week.expected.json') as { fleet: Expected }
    expectFigures(body['figures'] as Line[], expected.fleet)
    await world.api.close()
    await world.ingest.close()
    const rows = () => {
      const db = new DatabaseSync(`${world.folder}/index.sqlite`, { readOnly: true })
      const all = ['usage_days', 'usage_months', 'usage_uses'].map((table) =>
        db.prepare(`SELECT * FROM ${table} ORDER BY instrument, start`).all(),
      )
      db.close()
      return all
    }
    const before = rows()
    // 31 December to 7 January, and 5 to 7 January.
    expect(before.map((table) => table.length)).toEqual([8 + 3, 2 + 1, 8])
    expect((await reconcile(world.folder)).differences).toEqual([])
    await rebuildIndex(world.folder)
    expect(rows()).toEqual(before)
    rmSync(world.folder, { recursive: true })
  }, 60_000)
})
