import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { factNames } from '@hours/usage'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

const sheet = {
  id: 'our-sheet',
  version: '2026-1',
  title: { en: 'Our sheet', zh: '本院评价表' },
  from: '2026-01-01',
  year: 'calendar',
  parameters: { quota: { title: { en: 'Hours a year that are due' }, unit: 'h', default: 1400, min: 1 } },
  instrument: {
    items: [
      {
        id: 'use',
        title: { en: 'Use' },
        points: ['mul', 100, ['div', '$runH', ['mul', '$p.quota', '$yearShare']]],
        max: 100,
      },
    ],
    reasons: [{ id: 'ran', when: ['gt', '$runH', 0], text: { en: 'it ran {runH:h} h' } }],
  },
  ranking: ['$score'],
}

describe('rule sets over the API', () => {
  let world: ApiWorld
  const post = async (payload: string | object, type = 'application/json') => {
    const answer = await world.api.inject({
      ...{ method: 'POST', url: '/api/v1/rulesets', headers: { 'content-type': type } },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    })
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
  }
  const yaml = (text: string) => post(text, 'application/yaml')
  const list = async () =>
    (await world.get('/api/v1/rulesets')).json<{ items: Record<string, unknown>[] }>().items

  beforeAll(async () => {
    world = await createApiWorld()
    await world.page()
  })
  afterAll(() => world.close())

  it('lists those that come with the system, each with version, date, parameters and hash', async () => {
    const items = await list()
    expect(items.map(({ id }) => id)).toEqual([
      'cn-national-2026',
      'cn-moe-2000',
      'cn-moe-2000',
      'cn-purchase-check',
      'cn-purchase-check',
      'gd-2023',
      'gd-2023',
      'zj-2021',
      'univ-sheet',
      'eu-tna',
      'eu-tna',
      'default',
    ])
    for (const one of items)
      expect(one).toMatchObject({ origin: 'built-in', hash: expect.stringMatching(/^[\w-]{43}$/) as string })
    expect(new Set(items.map(({ hash }) => hash)).size).toBe(12)
    expect(items[6]).toMatchObject({
      version: '2023-2',
      from: '2023-03-01',
      parameters: { baseHours: { required: true, unit: 'h' }, subsidyShare: { required: false } },
    })
    const whole = (await world.get('/api/v1/rulesets/gd-2023')).json<{ document: object }>()
    expect(whole.document).toMatchObject({ id: 'gd-2023', ranking: ['$ratingMean', '$externalH'] })
    expect((await world.get('/api/v1/rulesets/none')).statusCode).toBe(404)
  })

  it('takes one as JSON: a signed record, whose hash stands by the assessment', async () => {
    const first = await post(sheet)
    expect(first).toMatchObject({ status: 201, body: { id: 'our-sheet', version: '2026-1', fate: 'new' } })
    const [record] = world.ingest.registry.records('ruleset')
    expect(record?.hash).toBe(first.body['hash'])
    expect((await list()).at(-1)).toMatchObject({ id: 'our-sheet', origin: 'record', hash: record?.hash })
    const answer = await world.get('/api/v1/assessments?ruleset=our-sheet&period=2026&scope=gz-gibh/sem-01')
    expect(answer.json()).toMatchObject({
      ruleset: { id: 'our-sheet', hash: record?.hash },
      parameters: { quota: 1400 },
      items: [{ id: 'use', reason: null }],
      instruments: [{ rank: 1, reasons: [{ id: 'ran', en: 'it ran 0.1 h' }] }],
    })
  })

  it('takes the same again without harm, as YAML too, and refuses other rules under a version that stands', async () => {
    expect(await post(sheet)).toMatchObject({ status: 200, body: { fate: 'known' } })
    expect(await yaml(stringify(sheet))).toMatchObject({ status: 200, body: { fate: 'known' } })
    expect(world.ingest.registry.records('ruleset')).toHaveLength(1)
    const changed = { ...sheet, ranking: ['$runH'] }
    expect(await post(changed)).toMatchObject({
      status: 409,
      body: { field: 'version', value: 'our-sheet@2026-1' },
    })
    expect(await post({ ...changed, id: 'gd-2023', version: '2023-1' })).toMatchObject({ status: 409 })
  })

  it('a formula that comes to no number leaves its line open, and no assessment fails for it', async () => {
    const figures = [
      ['round', '$runH', 400],
      ['mul', 1e308, 1e308],
      ['add', '$runH', 1e308],
      ['mean', '$x1'],
    ].map((value, i) => ({ id: `x${i}`, title: { en: 'x' }, value }))
    const most = { id: 'most', title: { en: 'Most' }, points: 1e308, max: 1e308, weight: 1e308 }
    const items = [{ id: 'it', title: { en: 'It' }, points: '$x1' }, most]
    const given = {
      ...sheet,
      id: 'great',
      instrument: { figures: figures.slice(0, 3), items },
      fleet: { figures },
    }
    expect(await post(given)).toMatchObject({ status: 201 })
    const answer = await world.get('/api/v1/assessments?ruleset=great&period=2026&scope=all')
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      fleet: { figures: { x0: null, x1: null, x2: 1e308, x3: 0 } },
      instruments: [
        { figures: { x0: null, x1: null, x2: 1e308 }, score: 0, max: null, incomplete: ['it', 'most'] },
        { incomplete: ['it', 'most'] },
      ],
    })
  })

  it('a figure that hides a fact, or stands twice, is refused: formulas would mean one and get the other', async () => {
    const named = (id: string) => ({ id, title: { en: id }, value: 1 })
    const faulty = async (figures: object[]) =>
      post({ ...sheet, id: 'names', instrument: { ...sheet.instrument, figures } })
    expect(await faulty([named('effectiveH')])).toMatchObject({
      status: 400,
      body: {
        field: 'instrument.figures.effectiveH',
        value: expect.stringContaining('a fact already') as string,
      },
    })
    for (const figures of [[named('own'), named('own')], [named('use')]])
      expect(await faulty(figures)).toMatchObject({
        status: 400,
        body: { value: expect.stringContaining('stands twice') as string },
      })
  })

  it('a later version stands from its date on; the earlier one can still be named', async () => {
    const next = { ...sheet, version: '2027-1', from: '2027-01-01' }
    expect(await yaml(stringify(next))).toMatchObject({ status: 201, body: { version: '2027-1' } })
    const used = async (ruleset: string, period: string) =>
      (await world.get(`/api/v1/assessments?ruleset=${ruleset}&period=${period}`)).json<{
        ruleset: { version: string }
      }>().ruleset.version
    expect(await used('our-sheet', '2026')).toBe('2026-1')
    expect(await used('our-sheet', '2027')).toBe('2027-1')
    expect(await used('our-sheet@2026-1', '2027')).toBe('2026-1')
    const newest = (await world.get('/api/v1/rulesets/our-sheet')).json<{ version: string }>()
    expect(newest.version).toBe('2027-1')
  })

  it('names the place of what is wrong in it', async () => {
    const faulty = (change: object) => post({ ...sheet, version: 'x', ...change })
    const refused: [object, string, string][] = [
      [{ from: 'soon' }, 'from', 'from'],
      [{ year: 'lunar' }, 'year', 'year'],
      [{ unheard: 1 }, '', 'unheard'],
      [{ cohort: ['ge', '$wealth', 1] }, 'cohort', '"$wealth" is no figure'],
      [{ ranking: [['exec', 'rm']] }, 'ranking.0', '"exec" is no operation'],
      [{ cohort: ['lt', 1] }, 'cohort', '"lt" takes 2 to 2 arguments, not 1'],
      [{ cohort: ['sum', '$runH'] }, 'cohort', 'runs over a cohort'],
      [{ bookings: 'guessed' }, 'bookings', 'ignored'],
    ]
    for (const [change, field, why] of refused) {
      const { status, body } = await faulty(change)
      expect([change, status]).toEqual([change, 400])
      expect(String(body['value'])).toContain(why)
      if (field !== '') expect(body['field']).toBe(field)
    }
    for (const nothing of ['null', '[]', '"x"', '7']) expect((await post(nothing)).status).toBe(400)
  })

  it('is not hurt by YAML that was made to hurt', async () => {
    const laughs = ['a: &a [x,x,x,x,x,x,x,x,x]']
    for (const [i, name] of Array.from('bcdefghi').entries())
      laughs.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefghi'[i]}`).join(',')}]`)
    const hostile: [string, string][] = [
      ['anchors that grow', laughs.join('\n')],
      ['an anchor in itself', 'a: &a [*a]'],
      ['a type of a language', `id: !!js/function 'function () {}'`],
      ['a merge of prototypes', `__proto__: { polluted: true }\n${stringify({ ...sheet, version: 'p' })}`],
      [
        'constructor',
        `constructor: { prototype: { polluted: true } }\n${stringify({ ...sheet, version: 'q' })}`,
      ],
      ['two keys of one name', `${stringify(sheet)}\nid: other`],
      ['two documents', `${stringify(sheet)}\n---\n${stringify(sheet)}`],
      ['nothing', ''],
      ['a tab for a space', 'id:\n\tx: 1'],
      ['ten thousand brackets', '['.repeat(10_000)],
      [
        'so many keys that comparing each with each takes long',
        Array.from({ length: 25_000 }, (_, i) => `k${i}: 1`).join('\n'),
      ],
      ['a hundred thousand dashes', '- '.repeat(100_000)],
      ['a hundred thousand brackets, closed', `cohort: ${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ]
    for (const [what, text] of hostile) {
      const begin = performance.now()
      const { status, body } = await yaml(text)
      expect([what, status]).toEqual([what, 400])
      expect(body['title']).toBe('the rule set is not valid')
      expect([what, performance.now() - begin < 5_000]).toEqual([what, true])
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('refuses formulas nested too deep, names of prototypes, and files over 256 kB', async () => {
    let deep: unknown = '$runH'
    for (let i = 0; i < 40; i++) deep = ['add', deep]
    const { status, body } = await post({ ...sheet, version: 'deep', cohort: deep })
    expect([status, body['field']]).toEqual([400, 'cohort'])
    expect(body['value']).toContain('nested deeper than 24')
    for (const depth of [3_000, 60_000]) {
      const text = JSON.stringify({ ...sheet, version: 'deeper', cohort: 0 }).replace(
        '"cohort":0',
        `"cohort":${'["add",'.repeat(depth / 3)}1${']'.repeat(depth / 3)}`,
      )
      expect(await post(text)).toMatchObject({ status: 400, body: { title: 'the rule set is not valid' } })
    }
    const polluting = JSON.stringify({ ...sheet, version: 'r' }).replace('{', '{"__proto__":{"polluted":1},')
    expect((await post(polluting)).status).toBe(400)
    for (const name of ['__proto__', 'constructor', 'toString', 'p.constructor'])
      expect((await post({ ...sheet, version: 's', cohort: `$${name}` })).status).toBe(400)
    const big = { ...sheet, version: 'big', notes: ['x'.repeat(260 * 1024)] }
    expect((await post(big)).status).toBe(413)
    expect((await yaml(stringify(big))).status).toBe(413)
    expect((await list()).filter(({ id }) => id === 'our-sheet')).toHaveLength(2)
  })

  it('takes the one that docs/figures.md shows, and its names are all that there are', async () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/figures.md'), 'utf8')
    const example = (/```yaml\n(.*?)```/s.exec(text)?.[1] ?? '').replace('id: our-sheet', 'id: of-the-docs')
    expect(await yaml(example)).toMatchObject({ status: 201, body: { id: 'of-the-docs' } })
    const path = '/api/v1/assessments?ruleset=of-the-docs&period=2026'
    expect((await world.get(path)).json()).toMatchObject({
      cohort: 0,
      leftOut: expect.arrayContaining(['gz-gibh/sem-01']) as unknown,
    })
    for (const name of factNames) expect([name, text.includes(`$${name}`)]).toEqual([name, true])
  })

  it('other bodies than JSON and YAML are refused, here and for YAML everywhere else', async () => {
    expect((await post('<xml/>', 'application/xml')).status).toBe(415)
    const elsewhere = await world.api.inject({
      ...{ method: 'POST', url: '/api/v1/sessions', headers: { 'content-type': 'application/yaml' } },
      payload: 'id: x',
    })
    expect(elsewhere.statusCode).toBe(415)
  })
})
