import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { alertRules, dashboardsOf, defaultOptions, emitDashboards, pushDashboards } from '@hours/grafana'
import { Ajv, type ValidateFunction } from 'ajv'
import { afterEach, describe, expect, it } from 'vitest'
import { instrumentAddress, views } from '../../dashboards/web/src/routes.ts'

const schemas = resolve(process.env['HOURS_SHARED'] ?? '../shared', 'grafana-schema')
const there = existsSync(schemas)
if (!there)
  console.warn(`left out: ${schemas} is not there; emitted objects are not held against Grafana's schemas`)

const dashboards = dashboardsOf(defaultOptions)

interface Schema {
  readonly definitions: Record<string, { properties?: Record<string, object> }>
}

/** Schemas of Grafana's objects; `at` picks one definition where the file has no root. */
function schema(file: string, at?: string): ValidateFunction {
  const body = JSON.parse(readFileSync(join(schemas, `${file}.json`), 'utf8')) as Schema
  // The export writes "anything" as "object" here; Grafana's own matchers and overrides hold strings and booleans.
  for (const [definition, property] of [
    ['MatcherConfig', 'options'],
    ['DynamicConfigValue', 'value'],
  ] as const)
    if (body.definitions[definition]?.properties?.[property])
      body.definitions[definition].properties[property] = {}
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  return ajv.compile(at === undefined ? body : { ...body, $ref: `#/definitions/${at}` })
}

function check(validate: ValidateFunction, value: unknown): void {
  const plain: unknown = JSON.parse(JSON.stringify(value))
  expect(validate(plain) ? [] : validate.errors).toEqual([])
}

describe.runIf(there)("every emitted object is valid against Grafana's own schemas", () => {
  it.each(Object.entries(dashboards))('dashboard %s', (_, dashboard) => {
    check(schema('dashboard'), dashboard)
  })

  const panels = Object.entries(dashboards).flatMap(([name, { panels = [] }]) =>
    (panels as { type: string; title?: string; options?: unknown }[]).map((panel) => ({
      name: `${name} / ${panel.title ?? ''}`,
      panel,
    })),
  )
  it.each(panels)('options of panel $name', ({ panel }) => {
    const types = ['stat', 'bargauge', 'table', 'timeseries', 'statetimeline', 'heatmap', 'state-timeline']
    expect(types).toContain(panel.type)
    check(schema(panel.type.replace('-', ''), 'Options'), panel.options)
  })

  it('rule group and each of its rules', () => {
    const group = alertRules(defaultOptions)
    check(schema('alerting', 'RuleGroup'), group)
    for (const rule of group.rules ?? []) check(schema('alerting', 'Rule'), rule)
    expect(group.rules?.map(({ uid }) => uid)).toHaveLength(7)
  })

  it('a spoilt one is refused, so the check can fail', () => {
    const bad = { ...dashboards['fleet'], title: 7, panels: [{ type: 3 }] }
    expect(schema('dashboard')(JSON.parse(JSON.stringify(bad)))).toBe(false)
  })
})

describe('what Grafana would stumble over', () => {
  it('uids are fixed and differ, no two panels of a dashboard share an id, none lies over another', () => {
    expect(Object.values(dashboards).map(({ uid }) => uid)).toEqual([
      'hours-fleet',
      'hours-instrument',
      'hours-gateways',
      'hours-regulator',
    ])
    for (const { panels = [] } of Object.values(dashboards)) {
      const placed = panels as { id: number; gridPos: { x: number; y: number; w: number; h: number } }[]
      expect(new Set(placed.map(({ id }) => id)).size).toBe(placed.length)
      const cells = placed.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
      )
      expect(new Set(cells).size).toBe(cells.length)
    }
  })

  it('every expression of an alert refers to a query it has', () => {
    for (const { data = [], condition } of alertRules(defaultOptions).rules ?? []) {
      const ids = data.map(({ refId }) => refId)
      expect(ids).toContain(condition)
      for (const { model } of data) {
        const { expression = '' } = model as { expression?: string }
        for (const [, id] of expression.matchAll(/\$\{(\w+)\}/g)) expect(ids).toContain(id)
        expect(expression).not.toMatch(/\$[A-Z]/)
      }
    }
  })

  it('titles come in English, in Chinese, or both; the demo is marked in every one', () => {
    const titles = (options: Partial<typeof defaultOptions>) =>
      Object.values(dashboardsOf({ ...defaultOptions, ...options })).map(({ title }) => title)
    expect(titles({ language: 'en' })).toEqual(['Fleet', 'Instrument', 'Gateways and channels', 'Regulator'])
    expect(titles({ language: 'zh' }).every((title) => /^\p{Script=Han}+$/u.test(title ?? ''))).toBe(true)
    expect(titles({ simulated: true }).every((title) => title?.startsWith('SIMULATED'))).toBe(true)
  })
})

describe('links to the built-in page', () => {
  interface Linking {
    readonly links?: readonly { title?: string; url?: string; targetBlank?: boolean }[]
    readonly fieldConfig?: { readonly defaults?: Linking }
  }
  const linksOf = (pageUrl: string) =>
    Object.entries(dashboardsOf({ ...defaultOptions, language: 'en', pageUrl })).flatMap(
      ([name, dashboard]) =>
        [dashboard as Linking, ...((dashboard.panels ?? []) as Linking[])]
          .flatMap(({ links = [], fieldConfig }) => [...links, ...(fieldConfig?.defaults?.links ?? [])])
          .filter(({ url = '' }) => url !== '' && !url.startsWith('/d/'))
          .map((link) => ({ name, ...link })),
    )
  /** As Grafana writes a row's fields and a dashboard's variables into an address. */
  const filled = (url = '') =>
    url
      .replaceAll(/\$\{(?:__data\.fields\.)?site\}/g, 'gz-gibh')
      .replaceAll(/\$\{(?:__data\.fields\.)?instrument\}/g, 'sem-01')

  it('lead to views that it has: each dashboard to the fleet, rows and the instrument to that instrument', () => {
    const links = linksOf('https://hours.example.edu/')
    for (const { url } of links) {
      const { origin, pathname } = new URL(filled(url))
      expect(origin).toBe('https://hours.example.edu')
      expect(views).toContain(pathname.split('/')[1])
    }
    const to = (name: string) =>
      links.filter((link) => link.name === name).map(({ url }) => new URL(filled(url)).pathname)
    const one = instrumentAddress('gz-gibh/sem-01')
    expect(to('fleet')).toEqual(['/fleet', one])
    expect(to('instrument')).toEqual([one])
    expect(to('gateways')).toEqual(['/fleet'])
    expect(to('regulator')).toEqual(['/fleet'])
  })

  it('open in a tab of their own: Grafana would take a path for one of its own places', () => {
    expect(
      linksOf('/page').every(({ targetBlank, url }) => targetBlank === true && url?.startsWith('/page/')),
    ).toBe(true)
  })
})

describe('files and pushing', () => {
  let folder: string | undefined
  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  it('emits dashboards and provisioning that find each other, twice the same bytes', () => {
    folder = mkdtempSync(join(tmpdir(), 'hours-grafana-'))
    const paths = emitDashboards(folder, { dashboardsPath: '/etc/dash' })
    const first = paths.map((path) => readFileSync(join(folder!, path), 'utf8'))
    emitDashboards(folder, { dashboardsPath: '/etc/dash' })
    expect(paths.map((path) => readFileSync(join(folder!, path), 'utf8'))).toEqual(first)
    const all = paths.map((path, i) => [path, JSON.parse(first[i]!) as Record<string, unknown>] as const)
    const of = (part: string) => all.find(([path]) => path.includes(part))![1]
    expect(of('provisioning/dashboards')).toMatchObject({ providers: [{ options: { path: '/etc/dash' } }] })
    expect(of('provisioning/datasources')).toMatchObject({
      datasources: [{ uid: 'hours-influx', secureJsonData: { httpHeaderValue1: 'Token $INFLUX_TOKEN' } }],
    })
    expect(of('provisioning/alerting')).toMatchObject({
      groups: [{ interval: '60s', folder: 'Instrument Hours' }],
    })
    expect(first.join('')).not.toMatch(/apiv3_|Bearer /)
  })

  it('an InfluxDB 1.x with a user gets name and password, the latter from the environment', () => {
    folder = mkdtempSync(join(tmpdir(), 'hours-grafana-'))
    emitDashboards(folder, { influxUser: 'grafana' })
    const file = join(folder, 'provisioning/datasources/instrument-hours.yaml')
    const [one] = (JSON.parse(readFileSync(file, 'utf8')) as { datasources: object[] }).datasources
    expect(one).toMatchObject({
      basicAuth: true,
      basicAuthUser: 'grafana',
      jsonData: { httpMode: 'POST' },
      secureJsonData: { basicAuthPassword: '$INFLUX_PASSWORD' },
    })
    expect(JSON.stringify(one)).not.toMatch(/httpHeader/)
  })

  it('pushes folder, data source, dashboards and rules; tries again on 412; the second time only updates', async () => {
    const had = new Set<string>()
    const sent: string[] = []
    let ofFile = false
    const asked: string[] = []
    let conflicts = 1
    const answerTo = (
      method: string,
      url: string,
      authorization: string | undefined,
      text: string,
    ): [number, unknown] => {
      if (authorization !== 'Bearer tok') return [401, { message: 'Invalid API key' }]
      if (url === '/api/health') return [200, { version: '12.0.1', database: 'ok' }]
      if (method === 'GET')
        return had.has(url) ? [200, { uid: 'x', readOnly: ofFile }] : [404, { message: 'no' }]
      if (url.startsWith('/api/datasources')) sent.push(text)
      if (url === '/api/folders') had.add('/api/folders/instrument-hours')
      if (url === '/api/datasources') had.add('/api/datasources/uid/hours-influx')
      if (url !== '/api/dashboards/db') return [200, {}]
      if (conflicts-- > 0) return [412, { status: 'version-mismatch', message: 'changed by someone else' }]
      const { dashboard, overwrite } = JSON.parse(text) as { dashboard: { uid: string }; overwrite: boolean }
      return [overwrite ? 200 : 400, { uid: dashboard.uid, url: `/d/${dashboard.uid}`, version: 1 }]
    }
    const server = createServer((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
      let text = ''
      request.on('data', (chunk) => (text += String(chunk)))
      request.on('end', () => {
        const [status, body] = answerTo(
          request.method ?? '',
          request.url ?? '',
          request.headers.authorization,
          text,
        )
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    try {
      const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
      const first = await pushDashboards({ url, token: 'tok' })
      expect(first).toMatchObject({ version: '12.0.1' })
      expect(first.done).toHaveLength(7)
      expect(asked.filter((one) => one === 'POST /api/dashboards/db')).toHaveLength(5)
      asked.length = 0
      await pushDashboards({ url, token: 'tok' })
      expect(asked).not.toContain('POST /api/folders')
      expect(asked).not.toContain('POST /api/datasources')
      expect(asked).toContain('PUT /api/datasources/uid/hours-influx')
      await pushDashboards({ url, token: 'tok', influxUser: 'grafana', influxSecret: 'pw' })
      expect(JSON.parse(sent.at(-1) ?? '')).toMatchObject({
        basicAuthUser: 'grafana',
        secureJsonData: { basicAuthPassword: 'pw' },
      })
      ofFile = true
      const { done } = await pushDashboards({ url, token: 'tok' })
      expect(sent).toHaveLength(3)
      expect(done.join()).toMatch(/hours-influx is of a provisioning file/)
      await expect(pushDashboards({ url, token: 'wrong' })).rejects.toMatchObject({ code: 'refused' })
    } finally {
      await new Promise((done) => server.close(done))
    }
  })
})
