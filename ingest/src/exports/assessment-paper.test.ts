import { HOUR, printedText } from '@hours/protocol'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AssessmentBody } from '../api/assessment-answer.ts'
import { type ApiWorld, createApiWorld } from '../api/api.fixture.ts'
import { entriesOf } from '../api/scope.ts'
import { site, start } from '../ingest.fixture.ts'
import type { SheetAssessment } from './figure-sheet.ts'
import { figuresPdf } from './figures-pdf.ts'
import { findPdfFont } from './pdf-font.ts'
import { hasPython, readPdf, readXlsx } from './readers.fixture.ts'
import { makeSheet } from './sheet-source.ts'
import { recordItem } from '../write-records.ts'

let world: ApiWorld
const enrolment = (instrument: string, more: object) =>
  recordItem('enrolment', site, { instrument, gateway: 'gw-1', unit: 'gibh', from: start, ...more })
const hour = (h: number) => start + h * HOUR
/** Of 1,000 yuan from outside the half is given back; who is below 85 % of the hours must open the idle ones. */
const parameters = { baseHours: 2_000, subsidyShare: 0.5, subsidyCapYuan: 10_000 }
const query = (more: object) =>
  new URLSearchParams({
    ...{ scope: 'all', period: '2026-01-05', ruleset: 'gd-2023' },
    ...{ parameters: JSON.stringify(parameters), ...more },
  }).toString()

/** An hour of sem-01 for another entity, which pays for it; nmr-01 was named by somebody who knows spreadsheets. */
beforeAll(async () => {
  world = await createApiWorld()
  await world.ingest.recordAll([
    enrolment('sem-01', { names: { en: 'sem-01' }, valueFen: 80_000_000 }),
    enrolment('nmr-01', { names: { en: '=HYPERLINK("x")', zh: '核磁共振' }, valueFen: 80_000_000 }),
    enrolment('balance', { names: { en: 'balance' }, valueFen: 900_000 }),
    recordItem('organisation', 'installation', {
      ...{ id: 'acme', parent: null, kind: 'entity', names: { en: 'Acme' }, from: start - 1 },
    }),
    recordItem('session', site, {
      ...{ id: 's1', instrument: 'sem-01', user: 'u-1', actor: 'a', from: hour(0), to: hour(1) },
      ...{ beneficiary: 'acme', purpose: 'service', way: 'operated' },
    }),
    recordItem('charge', site, {
      ...{ id: 'c1', instrument: 'sem-01', session: 's1', at: hour(1), fen: 100_000, actor: 'a' },
      payer: 'acme',
    }),
  ])
  for (let i = 0; i < 24; i++) await world.page()
  world.clock.advanceTo(hour(2))
}, 60_000)
afterAll(() => world.close())

async function told(): Promise<AssessmentBody> {
  const answer = await world.get(`/api/v1/assessments?${query({})}`)
  expect(answer.statusCode, answer.body.slice(0, 300)).toBe(200)
  return answer.json<AssessmentBody>()
}
async function file(format: string): Promise<Buffer> {
  const answer = await world.get(`/api/v1/exports?${query({ format })}`)
  expect(answer.statusCode, answer.body.slice(0, 300)).toBe(200)
  expect(answer.headers['content-disposition']).toContain(`assessment-all-2026-01-05.${format}`)
  return answer.rawPayload
}

describe('an assessment to hand in', () => {
  it.skipIf(!hasPython || !findPdfFont())('as PDF says what the API says, in both languages', async () => {
    const { ruleset, instruments, fleet } = await told()
    const pages = readPdf(await file('pdf'))
    const text = pages.flat().join('\n')
    const paper = text.replaceAll('\n', '')
    expect(paper).toContain(`${ruleset.id}@${ruleset.version} ${ruleset.hash}`)
    for (const value of Object.values(parameters)) expect(paper).toContain(String(value))
    expect(text).toContain('核磁共振')
    const of = (id: string) => instruments.find((one) => one.id === `${site}/${id}`)
    expect(of('nmr-01')?.reasons.map(({ id }) => id)).toContain('below85')
    expect(of('sem-01')?.awards.map(({ kind, fen }) => [kind, fen])).toContainEqual(['subsidy', 50_000])
    for (const { reasons, awards } of [fleet, ...instruments]) {
      for (const { en, zh = '' } of [...reasons, ...awards.map(({ title }) => title)]) {
        expect(paper.replace(/\s/g, '')).toContain(en.replace(/\s/g, ''))
        expect(paper.replace(/\s/g, '')).toContain(zh.replace(/\s/g, ''))
      }
      for (const { fen } of awards) if (fen !== null) expect(paper).toContain(printedText(fen, 'fen'))
    }
    for (const page of pages) expect(page.join('')).toContain('SIMULATED')
  })

  it.skipIf(!hasPython)('as XLSX has the whole, the ranking and who was left out', async () => {
    const { ruleset, instruments, fleet } = await told()
    const { assessment = [], ranking = [], 'left out': out, figures } = readXlsx(await file('xlsx'))
    const of = (part: string, id: string) => assessment.find((cells) => cells[0] === part && cells[1] === id)
    expect(of('rule set', `${ruleset.id}@${ruleset.version}`)?.[4]).toBe(ruleset.hash)
    expect(of('parameter', 'baseHours')?.slice(4)).toEqual([2_000, 'h'])
    expect(of('figure', 'setsBelow85')?.[4]).toBe(fleet.figures['setsBelow85'])
    expect(out).toEqual([['instrument'], [`${site}/balance`]])
    const [head = [], ...rows] = ranking
    const cell = (id: string, name: string) =>
      rows.find((cells) => cells[head.indexOf('instrument')] === id)?.[head.indexOf(name)]
    expect(rows).toHaveLength(instruments.length)
    expect(cell(`${site}/sem-01`, 'award_yuan')).toBe(500)
    expect(cell(`${site}/nmr-01`, 'reasons')).toContain('Below 85 %')
    expect(cell(`${site}/nmr-01`, 'name_zh')).toBe('核磁共振')
    expect(cell(`${site}/nmr-01`, 'name_en')).toBe(`'=HYPERLINK("x")`)
    // The figures that the assessment is made of stand in the same file.
    expect(figures?.some(([, , of]) => of !== null)).toBe(true)
  })

  it('as CSV is the open list of who is given what, and why', async () => {
    const { instruments } = await told()
    const answer = await world.get(`/api/v1/assessments?${query({ format: 'csv' })}`)
    const rows = parse(answer.body, { bom: true, columns: true }) as unknown as Record<string, string>[]
    const row = rows.find((one) => one['instrument'] === `${site}/sem-01`)
    expect(rows).toHaveLength(instruments.length)
    expect(row).toMatchObject({
      ruleset: 'gd-2023@2023-2',
      award_yuan: '500',
      enrolled_h: '2.0',
      off_h: '0.0',
    })
    expect(row?.['awards']).toContain('500.00 yuan')
    expect(answer.body).toContain(`"'=HYPERLINK(""x"")"`)
  })

  it('is asked for with a rule set, as a file that has a place for it, with all that the rule set needs', async () => {
    const bare = await world.get(`/api/v1/exports?scope=all&period=2026&format=pdf&parameters={}`)
    expect([bare.statusCode, bare.json()]).toMatchObject([400, { field: 'parameters' }])
    for (const more of [
      { format: 'csv' },
      { format: 'pdf', parameters: '{}' },
      { format: 'pdf', parameters: '[' },
    ]) {
      const refused = await world.get(`/api/v1/exports?${query(more)}`)
      expect([refused.statusCode, refused.json()]).toMatchObject([400, { field: 'parameters' }])
    }
  })
})

describe('a cohort of many pages', () => {
  it.skipIf(!hasPython)('has every instrument, and the head of its table on each page', async () => {
    const { context } = world
    const entries = entriesOf(context, { entries: context.ingest.registry.instruments() }, 'all')
    const wish = { scope: 'all', period: '2026-01-05', ruleset: 'gd-2023', parameters, entries }
    const sheet = await makeSheet(context, wish)
    const { assessment } = sheet
    const [one] = assessment?.instruments ?? []
    if (!assessment || !one) throw new Error('no assessment')
    const names = { en: 'A name that is very much longer than any column is wide\r\nand has lines', zh: '名' }
    const instruments = Array.from({ length: 150 }, (_, i) => ({
      ...one,
      names,
      rank: i + 1,
      id: `s/i-${i}.`,
    }))
    const long = { ...assessment, instruments, leftOut: instruments.map(({ id }) => `x${id}`) }
    const pages = readPdf(await figuresPdf({ ...sheet, assessment: long satisfies SheetAssessment }, null))
    const all = pages.flat().join('')
    for (const { id } of instruments) {
      // In the ranking, in the part of its own, and among those left out.
      expect(all.split(id).length, id).toBeGreaterThanOrEqual(4)
    }
    const ranked = pages.filter((page) => page.some((text) => /^s\/i-/.test(text)))
    expect(ranked.length).toBeGreaterThan(2)
    for (const page of ranked) expect(page).toContain('X max')
    expect(all).not.toMatch(/[\u4e00-\u9fff]/)
  })
})
