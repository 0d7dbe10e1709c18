import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leafHash, parseBase64, verifyInclusion } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  createManualClock,
  DAY,
  DayEvidence,
  GatewaySummary,
  InstrumentList,
  PowerSeries,
  StateSpans,
  Usage,
} from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDoor } from '../access/door.ts'
import { freshFolder, pageMs, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await createApiWorld()
  await world.power(start, 905_000)
  for (let i = 0; i < 12; i++) await world.page()
  await world.stateEvent('sem-01', 'run', world.clock.wall())
})
afterAll(async () => world.close())

const hour = 12 * pageMs
const json = async (url: string) => {
  const answer = await world.get(url)
  expect(answer.statusCode, `${url}: ${answer.body.slice(0, 300)}`).toBe(200)
  return answer.json<Record<string, unknown>>()
}

describe('the fleet', () => {
  it('lists every instrument with live state and this month', async () => {
    const list = InstrumentList.parse(await json('/api/v1/instruments'))
    expect(list.items.map(({ key, state }) => [key, state])).toEqual([
      ['gz-gibh/nmr-01', 'unknown'],
      ['gz-gibh/sem-01', 'run'],
    ])
    expect(list.items[1]?.month).toMatchObject({ run: hour, on: hour, known: hour })
    expect(list.items[0]?.month).toMatchObject({ run: 0, on: hour / 2 })
    expect(list).toMatchObject({ total: 2, next: null, simulated: true, counts: { run: 1, unknown: 1 } })
  })

  it('filters, sorts and pages on the server', async () => {
    const keys = async (query: string) =>
      InstrumentList.parse(await json(`/api/v1/instruments?${query}`)).items.map(({ key }) => key)
    expect(await keys('q=核磁')).toEqual(['gz-gibh/nmr-01'])
    expect(await keys('q=gibh+sem')).toEqual(['gz-gibh/sem-01'])
    expect(await keys('state=run')).toEqual(['gz-gibh/sem-01'])
    expect(await keys('organisation=gibh')).toHaveLength(2)
    expect(await keys('organisation=elsewhere')).toEqual([])
    expect(await keys('sort=run')).toEqual(['gz-gibh/sem-01', 'gz-gibh/nmr-01'])
    const first = InstrumentList.parse(await json('/api/v1/instruments?limit=1'))
    expect(await keys(`limit=1&cursor=${first.next}`)).toEqual(['gz-gibh/sem-01'])
  })

  it('is offered as CSV in which no cell is a formula', async () => {
    for (const answer of [
      await world.get('/api/v1/instruments?format=csv'),
      await world.get('/api/v1/instruments', { accept: 'text/csv' }),
    ]) {
      expect(answer.headers['content-type']).toContain('text/csv')
      expect(answer.body.startsWith('\uFEFFinstrument,')).toBe(true)
      expect(answer.body).toContain(`"'=HYPERLINK(""x"")"`)
      expect(answer.body).toContain('sem-01,,,gibh,gw-1,run,1.0,1.0')
    }
  })
})

describe('one instrument', () => {
  const path = '/api/v1/instruments/gz-gibh/nmr-01'

  it('has states that partition the asked window exactly', async () => {
    const { spans } = StateSpans.parse(await json(`${path}/states?from=${start}&to=${start + hour}`))
    expect(spans[0]).toEqual({ state: 'standby', from: start, to: start + pageMs / 2 })
    let at = start
    for (const span of spans) {
      expect(span.from).toBe(at)
      at = span.to
    }
    expect(at).toBe(start + hour)
  })

  it('has power where it was measured', async () => {
    const url = `/api/v1/instruments/gz-gibh/sem-01/power?from=${start}&to=${start + hour}`
    expect(PowerSeries.parse(await json(url)).points).toEqual([[start, 905_000, 905_000, 905_000]])
    const table = await world.get(`${url}&format=csv`)
    expect([table.headers['content-type'], table.body]).toEqual([
      'text/csv; charset=utf-8',
      '\uFEFFtime,min_w,mean_w,max_w\r\n2026-01-04T16:00:00.000Z,905,905,905\r\n',
    ])
    const year = `/api/v1/instruments/gz-gibh/sem-01/power?from=${start - 300 * DAY}&to=${start + DAY}`
    expect((await world.get(year)).statusCode).toBe(400)
    expect((await world.get(`${year}&format=csv`)).body.split('\r\n')).toHaveLength(3)
  })

  it('rests on pages whose proofs hold in the checkpoint given with them', async () => {
    const evidence = DayEvidence.parse(
      await json('/api/v1/evidence?instrument=gz-gibh/sem-01&date=2026-01-05'),
    )
    expect(evidence.pages).toHaveLength(12)
    expect(evidence.states.run).toBe(hour)
    const [, size, root] = evidence.checkpoint.split('\n')
    for (const { jws, index, proof } of evidence.pages) {
      const claim = {
        leafHash: leafHash(Buffer.from(jws), nodeCrypto.sha256),
        index,
        size: Number(size),
        proof: proof.map((hash) => parseBase64(hash)!),
        root: parseBase64(root!)!,
      }
      expect(verifyInclusion(claim, nodeCrypto.sha256)).toBe(true)
      expect(verifyInclusion({ ...claim, index: index + 1 }, nodeCrypto.sha256)).toBe(false)
    }
  })
})

describe('usage', () => {
  it('sums integer milliseconds; what no page knows is unknown, what is to come is neither', async () => {
    const usage = await json('/api/v1/usage?period=2026-01&by=period')
    const { rows } = Usage.parse(usage)
    const elapsed = world.clock.wall() - start
    for (const { states } of rows)
      expect(Object.values(states).reduce((sum, ms) => sum + ms, 0)).toBe(elapsed)
    expect(rows.find(({ key }) => key === 'gz-gibh/sem-01')).toMatchObject({
      on: hour,
      coverage: hour / elapsed,
    })
    const [total] = usage['totals'] as [{ on: number; coverage: number }]
    expect(total).toMatchObject({ on: 1.5 * hour, coverage: (1.5 * hour) / (2 * elapsed) })
  })

  it('gives the same milliseconds by day, by month and in one piece', async () => {
    const sum = async (by: string) =>
      Usage.parse(await json(`/api/v1/usage?period=2026&by=${by}`)).rows.reduce((all, { on }) => all + on, 0)
    expect(new Set([await sum('day'), await sum('month'), await sum('period')])).toEqual(
      new Set([1.5 * hour]),
    )
  })

  it('of two hundred years has rows from the first enrolment to now, and no period is longer', async () => {
    const days = async (period: string) =>
      Usage.parse(await json(`/api/v1/usage?period=${period}&by=day`)).rows
    expect(await days('1990-01-01..2199-12-31')).toEqual(await days('2026-01-05'))
    const answer = await world.get('/api/v1/usage?period=1500-01-01..2500-01-01&by=day')
    expect([answer.statusCode, answer.json<{ field: string }>().field]).toEqual([400, 'period'])
  })

  it('answers 304 as long as log and minute stay, and anew after a page', async () => {
    const url = '/api/v1/usage?period=2026-01-05&by=day'
    const { etag } = (await world.get(url)).headers
    expect((await world.get(url, { 'if-none-match': String(etag) })).statusCode).toBe(304)
    await world.page()
    expect((await world.get(url, { 'if-none-match': String(etag) })).statusCode).toBe(200)
  })
})

describe('what an engineer looks at', () => {
  it('lists gateways with what is missing', async () => {
    const { items } = (await json('/api/v1/gateways')) as { items: unknown[] }
    expect(GatewaySummary.parse(items[0])).toMatchObject({ gateway: 'gw-1', instruments: 2, missing: 0 })
  })

  it('lists what was refused with code and reason, as CSV too', async () => {
    await world.ingest.commit({
      topic: world.gateway.topic,
      payload: Buffer.from('no page'),
      client: world.gateway.id,
    })
    const { items } = (await json('/api/v1/quarantine')) as { items: { code: string; bytes: number }[] }
    expect(items[0]).toMatchObject({ bytes: 7, gateway: 'gw-1' })
    expect((await world.get('/api/v1/quarantine?format=csv')).body).toContain(items[0]!.code)
  })

  it('tells health, readiness and metrics', async () => {
    expect(await json('/health')).toMatchObject({ ok: true, simulated: true, series: null })
    expect(await json('/ready')).toEqual({ ready: true, reasons: [] })
    const metrics = (await world.get('/metrics')).body
    expect(metrics).toMatch(/^hours_ingest_log_size \d+$/m)
    expect(metrics).toMatch(/^hours_simulated 1$/m)
  })
})

describe('the log as files', () => {
  it('serves the very bytes of checkpoint and tiles', async () => {
    const answer = await world.get('/log/2026/checkpoint')
    expect(answer.body).toBe(readFileSync(join(world.folder, 'log', '2026', 'checkpoint'), 'utf8'))
  })

  it.each([
    '/log/2026/..%2f..%2fkeys/log',
    '/log/2026/%2e%2e/%2e%2e/index.sqlite',
    '/log/2026/tile/../../../index.sqlite',
    '/log/2026/tile/0/x001/..%2f..%2f000',
    '/log/..%2f/checkpoint',
    '/log/2026/checkpoint%00',
    '/log/2026/writer.lock',
    '//etc/passwd',
    '/assets/..%2f..%2findex.sqlite',
  ])('%s leads nowhere', async (url) => {
    const answer = await world.get(url)
    expect(answer.body).not.toContain('SQLite format')
    if (answer.statusCode === 200) expect(answer.body).toContain('the page')
    else expect([400, 404]).toContain(answer.statusCode)
  })
})

describe('bad requests', () => {
  it.each([
    ['/api/v1/instruments?limit=201', 'limit', '201'],
    ['/api/v1/instruments?limit=x', 'limit', 'x'],
    ['/api/v1/instruments?colour=red', 'colour', 'red'],
    ['/api/v1/instruments?cursor=-1', 'cursor', '-1'],
    ['/api/v1/instruments?state=broken', 'state', 'broken'],
    ['/api/v1/usage?period=2026-13', 'period', '2026-13'],
    ['/api/v1/usage?period=2026&by=hour', 'by', 'hour'],
    ['/api/v1/instruments/gz-gibh/sem-01/states?from=5&to=5', 'to', '5'],
    ['/api/v1/instruments/gz-gibh/sem-01/power?from=0&to=60000&step=1', 'step', '1'],
    ['/api/v1/evidence?instrument=gz-gibh/sem-01&date=2026-02-30', 'date', '2026-02-30'],
  ])('%s names field, value and fix', async (url, field, value) => {
    const answer = await world.get(url)
    expect(answer.statusCode).toBe(400)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    const problem = answer.json<Record<string, unknown>>()
    expect(problem).toMatchObject({ status: 400, field, value })
    expect(String(problem['fix']).length).toBeGreaterThan(5)
  })

  it.each(['/api/v1/instruments/gz-gibh/none', '/api/v1/instruments/x%2f..%2f/y', '/api/v1/nothing'])(
    '%s is a 404 problem and not the page',
    async (url) => {
      const answer = await world.get(url)
      expect(answer.statusCode).toBe(404)
      expect(answer.json<{ title: string }>().title).toMatch(/not found/)
    },
  )
})

describe('headers and the page', () => {
  it('marks simulated data and forbids everything foreign, on every kind of answer', async () => {
    for (const url of ['/', '/api/v1/instruments', '/api/v1/nothing', '/docs', '/assets/app-1a2b.js']) {
      const { headers } = await world.get(url)
      expect(headers, url).toMatchObject({
        'x-hours-simulated': 'true',
        'x-content-type-options': 'nosniff',
      })
      expect(headers['content-security-policy'], url).toContain("default-src 'self'")
    }
  })

  it('serves the page, its deep links, and its assets for ever', async () => {
    expect((await world.get('/instrument/gz-gibh/sem-01')).body).toContain('the page')
    expect((await world.get('/assessment?p.share=0.85')).body).toContain('the page')
    expect((await world.get('/gone.js?p.share=1')).statusCode).toBe(404)
    expect((await world.get('/')).headers['cache-control']).toBe('no-cache')
    expect((await world.get('/assets/app-1a2b.js')).headers['cache-control']).toContain('immutable')
    expect((await world.get('/assets/gone.js')).statusCode).toBe(404)
  })

  it('describes itself: OpenAPI 3.1 with every route, and a page that loads nothing from elsewhere', async () => {
    const document = await json('/api/v1/openapi.json')
    expect(document['openapi']).toBe('3.1.0')
    expect(Object.keys(document['paths'] as object)).toEqual(
      expect.arrayContaining(['/api/v1/instruments', '/api/v1/usage', '/api/v1/evidence', '/api/v1/events']),
    )
    expect((await world.get('/docs')).body).not.toMatch(/(?:src|href)="https?:/)
  })

  it('asks the gate what a route needs', async () => {
    const guarded = await createApiWorld({
      door: await openDoor({ dataDir: freshFolder(), clock: createManualClock(start) }),
    })
    try {
      expect((await guarded.get('/api/v1/instruments')).statusCode).toBe(401)
      expect((await guarded.get('/health')).statusCode).toBe(200)
    } finally {
      await guarded.close()
    }
  })
})
