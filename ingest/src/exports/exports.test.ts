import { DAY, HOUR, printed, printedText } from '@hours/protocol'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type ApiWorld, createApiWorld } from '../api/api.fixture.ts'
import { entriesOf } from '../api/scope.ts'
import { site, start } from '../ingest.fixture.ts'
import { readNrii } from '../sessions/read-nrii.ts'
import { definitions } from './definitions.ts'
import type { FigureSheet } from './figure-sheet.ts'
import { figuresPdf } from './figures-pdf.ts'
import { findPdfFont } from './pdf-font.ts'
import { hasPython, readPdf, readXlsx } from './readers.fixture.ts'
import { makeSheet } from './sheet-source.ts'
import { figuresXlsx } from './workbook.ts'
import { recordItem } from '../write-records.ts'

let world: ApiWorld
const hour = (h: number) => start + h * HOUR
const day = '2026-01-05'
const url = (format: string, more = '') => `/api/v1/exports?scope=all&period=${day}&format=${format}${more}`
type Json = Pick<FigureSheet, 'rows' | 'checkpoint' | 'simulated'>

/** A morning of sem-01 at run: 1 h for another entity, 1 h of teaching, half an hour that nobody is named for. */
beforeAll(async () => {
  world = await createApiWorld()
  const session = { instrument: 'sem-01', user: 'u-1', actor: 'a' }
  await world.ingest.recordAll([
    recordItem('enrolment', site, {
      ...{ instrument: 'nmr-01', gateway: 'gw-1', unit: 'gibh', from: start, alwaysOn: true },
      names: { en: '=HYPERLINK("x")', zh: '核磁共振' },
      ...{ inService: '2019-06-01', model: 'NMR 600', specification: '14.1 T', manufacturer: 'Acme' },
    }),
    recordItem('organisation', 'installation', {
      ...{
        id: 'acme',
        parent: null,
        kind: 'entity',
        names: { en: 'Acme' },
        flags: { sme: true },
        from: start - 1,
      },
    }),
    recordItem('session', site, {
      ...session,
      ...{ id: 's1', from: hour(0), to: hour(1), beneficiary: 'acme', purpose: 'service', way: 'entrusted' },
      ...{ samples: 7, project: 'p1' },
    }),
    recordItem('session', site, {
      ...session,
      ...{ id: 's2', from: hour(1), to: hour(2), beneficiary: 'gibh', purpose: 'teaching', project: 'p2' },
    }),
    recordItem('charge', site, {
      ...{ id: 'c1', instrument: 'sem-01', session: 's1', at: hour(1), fen: 123_456, actor: 'a' },
    }),
    recordItem('training', site, {
      ...{
        id: 't1',
        instrument: 'sem-01',
        at: hour(1),
        group: 'student',
        level: 'guided',
        persons: 3,
        actor: 'a',
      },
    }),
  ])
  for (let i = 0; i < 30; i++) await world.page()
  world.clock.advanceTo(hour(3))
}, 60_000)
afterAll(() => world.close())

async function file(format: string, more = ''): Promise<Buffer> {
  const answer = await world.get(url(format, more))
  expect(answer.statusCode, answer.body.slice(0, 300)).toBe(200)
  expect(answer.headers['content-disposition']).toContain(`-all-${day}.`)
  return answer.rawPayload
}
const json = async (): Promise<Json> => JSON.parse((await file('json')).toString()) as Json

describe('figures', () => {
  it('as JSON are exact: what was run, for whom, and what it may be at most', async () => {
    const { rows, checkpoint, simulated } = await json()
    const of = (kpi: string, key = `${site}/sem-01`) => rows.find((row) => row.of === key && row.kpi === kpi)
    // 30 pages of 5 min at run; half an hour up to now is unknown.
    expect(of('run')).toMatchObject({ value: 2.5 * HOUR, lower: 2.5 * HOUR, upper: 3 * HOUR, unit: 'ms' })
    expect(of('external')).toMatchObject({ value: HOUR, upper: 1.5 * HOUR })
    expect(of('unattributed')).toMatchObject({ value: HOUR / 2 })
    expect(of('coverage')).toMatchObject({ value: 2.5 / 3, grade: 'C' })
    expect(of('shareHours')).toMatchObject({
      value: 0.4,
      lower: 1 / 3,
      upper: 0.5,
      denominator: 'effective',
    })
    expect(of('samples')).toMatchObject({ value: 7, lower: 7, unit: 'count' })
    expect(of('incomeOutsideFen')).toMatchObject({ value: 123_456, unit: 'fen' })
    // nmr-01 stood by: a zero denominator is null, never 0 %.
    expect(of('shareHours', `${site}/nmr-01`)).toMatchObject({ value: null })
    expect(of('meanOnPerSet', 'all')).toMatchObject({ value: (2.5 * HOUR + 1.25 * HOUR) / 2 })
    expect(of('shareInstruments', 'all')).toMatchObject({ value: 0.5 })
    expect(simulated).toBe(true)
    expect(checkpoint?.size).toBe(world.ingest.log.size())
    for (const { kpi } of rows) expect(definitions.get(kpi), kpi).toBeDefined()
  })

  it('as CSV are the same figures, read by another parser', async () => {
    const { rows } = await json()
    const read = parse((await file('csv')).toString(), { bom: true, columns: true }) as unknown as Record<
      string,
      string
    >[]
    expect(read).toHaveLength(rows.length)
    for (const [i, row] of rows.entries()) {
      expect(read[i]).toMatchObject({
        ...{ data: 'SIMULATED', period: day, of: row.of, kpi: row.kpi, grade: row.grade },
        value: printedText(row.value, row.unit),
        exact_value: row.value === null ? '' : String(row.value),
        exact_upper: row.upper === null ? '' : String(row.upper),
      })
    }
  })

  it.skipIf(!hasPython)('as XLSX are the same figures, read by another reader', async () => {
    const { rows, checkpoint } = await json()
    const { figures = [], about = [], definitions: meanings = [] } = readXlsx(await file('xlsx'))
    const [head = [], ...lines] = figures
    expect(lines).toHaveLength(rows.length)
    for (const [i, row] of rows.entries()) {
      const cell = (name: string) => lines[i]?.[head.indexOf(name)] ?? null
      expect([cell('of'), cell('kpi'), cell('value'), cell('exact_value'), cell('exact_lower')]).toEqual([
        ...[row.of, row.kpi, printed(row.value, row.unit), row.value, row.lower],
      ])
    }
    expect(about).toContainEqual(['data', 'SIMULATED'])
    expect(about).toContainEqual(['log root', checkpoint?.root])
    expect(meanings.some(([kpi]) => kpi === 'shareHours')).toBe(true)
  })

  it.skipIf(!hasPython || !findPdfFont())(
    'as PDF have every figure of the scope and every instrument',
    async () => {
      const { rows, checkpoint } = await json()
      const pages = readPdf(await file('pdf'))
      const text = pages.flat()
      for (const { kpi, value, unit } of rows.filter(({ of }) => of === 'all')) {
        const at = text.indexOf(kpi)
        expect(text[at + 1], kpi).toBe(printedText(value, unit))
      }
      const sem = text.indexOf(`${site}/sem-01`)
      // P, E and X each with what it may be at most.
      expect(text.slice(sem, sem + 11)).toEqual([
        ...[`${site}/sem-01`, 'sem-01', '2.5', '3.0', '2.5', '3.0', '1.0', '1.5', '40.00', '83.33', 'C'],
      ])
      expect(text).toContain('核磁共振')
      expect(text.join('\n')).toContain(`log root: ${checkpoint?.root ?? ''}`)
      // On every page, as all of it is a demo's.
      for (const page of pages) expect(page.join('\n')).toContain('SIMULATED')
      expect(text.join('\n')).toContain(definitions.get('shareHours')?.zh)
    },
  )

  it.skipIf(!hasPython)('as PDF without a Chinese font give ids and English names, and say so', async () => {
    const { rows, checkpoint } = await json()
    const sheet = { ...(await sheetOf()), rows, checkpoint }
    const text = readPdf(await figuresPdf(sheet, null)).flat()
    expect(text.join('\n')).toContain('Set HOURS_PDF_FONT')
    expect(text).toContain(`${site}/nmr-01`)
    expect(text.join('')).not.toMatch(/[\u4e00-\u9fff]/)
  })

  it.each(['csv', 'xlsx', 'json', 'pdf'])('as %s are the same bytes at every reading', async (format) => {
    const first = await file(format)
    // Whatever the machine's own clock says meanwhile.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 400 * DAY })
    onTestFinished(() => void vi.useRealTimers())
    expect((await file(format)).equals(first)).toBe(true)
  })

  it.skipIf(!hasPython)(
    'never become a formula: a name that begins like one gets an apostrophe',
    async () => {
      expect((await file('csv')).toString()).toContain(`"'=HYPERLINK(""x"")"`)
      const { figures = [] } = readXlsx(await file('xlsx'))
      const cells = figures.flat().filter((cell) => typeof cell === 'string')
      expect(cells).toContain(`'=HYPERLINK("x")`)
      expect(cells.filter((cell) => /^[=+@]/.test(cell))).toEqual([])
    },
  )
})

it.skipIf(!hasPython)('a root that begins like a formula is printed as it is', async () => {
  const checkpoint = { origin: 'demo.hours/2026', size: 7, root: '+cmd|calc' }
  const { about = [] } = readXlsx(await figuresXlsx({ ...(await sheetOf()), checkpoint }))
  expect(about).toContainEqual(['log root', '+cmd|calc'])
})

describe('forms', () => {
  it('SJ3 is blocked while hours are unattributed, and names them', async () => {
    const answer = await world.get(url('sj3', '&schoolCode=12345'))
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({ field: 'unattributed', value: `${site}/sem-01: 0.5 h` })
  })

  it.skipIf(!hasPython)('SJ3 signed off has the hours by purpose, the samples and who signed', async () => {
    const { SJ3 = [] } = readXlsx(await file('sj3', '&schoolCode=12345&signedOffBy=Dean'))
    const [head = [], ...lines] = SJ3
    const sem = lines.find((line) => line[1] === `${site}/sem-01`)
    const cell = (name: string) => sem?.[head.indexOf(name)] ?? null
    expect(
      ['教学机时', '科研机时', '社会服务机时', '测样数', '培训学生', '社会服务项目数', '教学实验项目数'].map(
        cell,
      ),
    ).toEqual([1, 0, 1, 7, 3, 1, 1])
    expect([cell('学校代码'), cell('使用单位'), cell('未归属机时（表外）'), cell('签认人')]).toEqual([
      ...['12345', 'GIBH', 0.5, 'Dean'],
    ])
    // What no record says stays empty.
    expect(['型号', '规格', '购置日期', '负责人姓名'].map(cell)).toEqual([null, null, null, null])
    const nmr = lines.find((line) => line[1] === `${site}/nmr-01`)
    const told = ['型号', '规格', '购置日期'].map((name) => nmr?.[head.indexOf(name)])
    expect(told).toEqual(['NMR 600', '14.1 T', '2019-06-01'])
  })

  it('NRII service records are read back by the import as the same sessions', async () => {
    const body = JSON.parse((await file('nrii', '&insCode=U1')).toString()) as {
      instruments: object[]
      services: object[]
    }
    expect(body.instruments).toContainEqual(
      expect.objectContaining({
        ...{ innerId: `${site}/sem-01`, insCode: 'U1', runMachine: 2.5, serviceMachine: 1, type: '通用' },
      }),
    )
    expect(body.instruments).toContainEqual(
      expect.objectContaining({
        ...{ innerId: `${site}/nmr-01`, beginDate: '2019-06-01', instrVersion: 'NMR 600' },
        missing: ['instrCategory', 'instrBelongsType', 'nation', 'contact'],
      }),
    )
    expect(body.services).toMatchObject([
      { serviceType: '130', serviceWay: '委托', serviceAmount: 1, amounts: 1234.56, serviceDirection: '138' },
      { serviceType: '120', serviceWay: '占用', serviceAmount: 1, serviceDirection: '137' },
    ])
    // domain.md 1.5: published adapters lose `serviceTime` to a key listed twice, send hours as a date, or samples as hours.
    for (const service of body.services)
      expect(service).toMatchObject({
        serviceTime: expect.stringMatching(/^2026-01-05 0\d:00/) as string,
        endTime: expect.stringMatching(/^2026-01-05 0\d/) as string,
        serviceAmount: expect.any(Number) as number,
      })
    const read = readNrii(JSON.stringify(body.services))
    const rows = await Array.fromAsync(read.ok ? read.value.rows : [])
    expect(rows.map((row) => ('input' in row ? row.input : null))).toMatchObject([
      {
        ...{
          externalId: 's1',
          instrument: `${site}/sem-01`,
          from: '2026-01-05 00:00',
          to: '2026-01-05 01:00',
        },
        ...{ beneficiary: 'acme', purpose: 'service', way: 'entrusted', yuan: '1234.56' },
      },
      { externalId: 's2', from: '2026-01-05 01:00', to: '2026-01-05 02:00', beneficiary: 'gibh' },
    ])
  })

  it.each([
    ['sj3', '', 'schoolCode'],
    ['nrii', '', 'insCode'],
    ['odt', '', 'format'],
    ['csv', '&speed=1', 'speed'],
  ])('%s%s is refused, naming %s', async (format, more, field) => {
    const answer = await world.get(url(format, more))
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ field })
  })

  it('a period that is none is refused, and a scope nobody knows is 404', async () => {
    expect((await world.get('/api/v1/exports?period=2026-13')).json()).toMatchObject({ field: 'period' })
    expect((await world.get('/api/v1/exports?period=2026&scope=org:x')).statusCode).toBe(404)
  })
})

it('hours are rounded half up from integers, rates from what they are', () => {
  expect([0, 179_999, 180_000, 5_579_999, 5_580_000].map((ms) => printed(ms, 'ms'))).toEqual([
    0, 0, 0.1, 1.5, 1.6,
  ])
  expect([0.166_65, 0.285, 1.005, 0.123_449_999].map((one) => printedText(one, 'share'))).toEqual([
    ...['16.67', '28.50', '100.50', '12.34'],
  ])
  expect(printedText(null, 'share')).toBe('n/a')
})

function sheetOf(): Promise<FigureSheet> {
  const { context } = world
  return makeSheet(context, {
    scope: 'all',
    period: day,
    entries: entriesOf(context, { entries: context.ingest.registry.instruments() }, 'all'),
  })
}
