import { stateTopic } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { mayRole, type Role } from '../../ingest/src/access/rights.ts'
import { start } from '../../ingest/src/ingest.fixture.ts'
import { hostileCases } from '../hostile-cases.ts'
import { type Caller, createDoorsWorld, type DoorsWorld, foreign } from './doors.fixture.ts'

hostileCases()
let world: DoorsWorld
let operator: Caller
let own: Caller
beforeAll(async () => {
  world = await createDoorsWorld()
  operator = await world.caller('operator', null)
  own = await world.caller('organisation_admin', ['gibh'])
})
afterAll(async () => world.close())

const day = 86_400_000
const window = `from=${start}&to=${start + day}`
/** What may stand for a parameter: ours, the other's, and nobody's (of the same length, for equal echoes). */
const values: Readonly<Record<string, readonly [mine: string, theirs: string, nobodys: string]>> = {
  site: ['gz-gibh', 'zebra-site', 'nobody-sit'],
  instrument: ['sem-01', 'zebra-sem', 'nobody-sm'],
  gateway: ['gw-1', 'gw-zebra', 'gw-nobod'],
  organisation: ['gibh', 'zebra', 'nobdy'],
  scope: ['gz-gibh/sem-01', 'org:zebra', 'org:nobdy'],
  channel: ['national', 'zebra-net', 'nobod-net'],
}
/** Queries that the routes know; each is tried on every route, as the ones that do not know it refuse it. */
const queries = [
  '',
  window,
  `${window}&instrument=gz-gibh/sem-01`,
  'period=2026-01',
  'period=2026-01&scope=all',
  'period=2026-01&scope=org:gibh&by=day',
  'scope=all&period=2026-01&by=day&format=csv',
  'format=csv',
  'instrument=gz-gibh/sem-01&date=2026-01-05',
  'instrument=gz-gibh/shared-own&date=2026-01-05',
  'ruleset=univ-sheet&scope=all&period=AY2025',
  'scope=all',
  'q=zebr',
]
const theirQueries = [
  `${window}&instrument=THEIRS`,
  'period=2026-01&scope=THEIRS',
  'period=2026-01&scope=org:OTHER',
  'period=2026-01&scope=channel:CHAN',
  'instrument=THEIRS&date=2026-01-05',
  'ruleset=univ-sheet&scope=org:OTHER&period=AY2025',
  'organisation=OTHER',
]

const routes = (method: string) =>
  world.api.declared.filter((one) => one.method === method && !one.url.endsWith('/events'))

const fill = (url: string, which: 0 | 1 | 2) =>
  url.replaceAll(
    /:(\w+)/g,
    (_, name: string) => values[name]?.[which] ?? ['2026', '2026', '2026'][which] ?? '',
  )

describe('every route', () => {
  it('says what it needs, and refuses whoever has not that right', async () => {
    expect(world.api.declared.length).toBeGreaterThan(20)
    const roles: Role[] = ['viewer', 'facility_manager', 'organisation_admin', 'regulator']
    for (const role of roles) {
      const caller = await world.caller(role, ['gibh'])
      for (const { method, url, needs } of world.api.declared) {
        if (needs === 'public' || mayRole(role, needs)) continue
        const answer = await caller.send(method, fill(url, 0))
        expect(answer.statusCode, `${role} ${method} ${url}`).toBe(403)
      }
    }
    for (const { method, url, needs } of world.api.declared)
      if (needs !== 'public') {
        const answer = await world.api.inject({ method: method as 'GET', url: fill(url, 0) })
        expect(answer.statusCode, `nobody ${method} ${url}`).toBe(401)
        expect(answer.body).not.toMatch(foreign)
        if (method !== 'GET') continue
        const head = await world.api.inject({ method: 'HEAD', url: fill(url, 0) })
        expect([401, 404], `nobody HEAD ${url}`).toContain(head.statusCode)
      }
  })

  it('tells an organisation nothing of another one, also after the operator has asked the same', async () => {
    let answered = 0
    let told = 0
    const assessed = await own.get('/api/v1/assessments?ruleset=univ-sheet&scope=all&period=AY2025')
    expect(assessed.statusCode, assessed.body).toBe(200)
    for (const { url } of routes('GET'))
      for (const query of queries) {
        const address = `${fill(url, 0)}${query === '' ? '' : `?${query}`}`
        const whole = await operator.get(address)
        const part = await own.get(address)
        if (foreign.test(whole.body.replaceAll('q=zebr', ''))) told += 1
        if (part.statusCode === 200) answered += 1
        expect(part.statusCode, address).toBeLessThan(500)
        expect(part.body.replaceAll('zebr"', ''), address).not.toMatch(foreign)
      }
    // The test sees what there is to see: the operator is told of the other one.
    expect(told).toBeGreaterThan(10)
    expect(answered).toBeGreaterThan(20)
    console.log(
      `${answered} answers of an organisation's own; the operator's of the same name the other in ${told}`,
    )
  })

  it('answers for what is foreign as for what is not there', async () => {
    let asked = 0
    const compare = async (theirs: string, nobodys: string) => {
      const a = await own.get(theirs)
      const b = await own.get(nobodys)
      const plain = (body: string) =>
        Object.values(values)
          .toSorted(([, a], [, b]) => b.length - a.length)
          .reduce((text, [, their, nobody]) => text.replaceAll(their, nobody), body)
      const same = plain(a.body) === plain(b.body)
      expect(same, `${theirs}: ${a.body.slice(0, 200)} | ${b.body.slice(0, 200)}`).toBe(true)
      expect(a.statusCode, theirs).toBe(b.statusCode)
      asked += 1
    }
    for (const { url } of routes('GET')) {
      if (/:/.test(url))
        for (const query of queries) await compare(`${fill(url, 1)}?${query}`, `${fill(url, 2)}?${query}`)
      for (const query of theirQueries) {
        const put = (key: string, id: string, channel: string) =>
          `${fill(url, 0)}?${query.replace('THEIRS', key).replace('OTHER', id).replace('CHAN', channel)}`
        await compare(
          put('zebra-site/zebra-sem', 'zebra', 'zebra-net'),
          put('nobody-sit/nobody-sm', 'nobdy', 'nobod-net'),
        )
      }
    }
    expect(asked).toBeGreaterThan(100)
  })

  it('writes nothing into what is foreign', async () => {
    for (const { method, url } of world.api.declared) {
      if (method === 'GET' || !url.includes(':') || url.includes('/keys/') || url.includes('/accounts/'))
        continue
      const answer = await own.send(method, fill(url, 1), {})
      expect(answer.statusCode, `${method} ${url}`).toBeGreaterThanOrEqual(400)
      expect(answer.statusCode, `${method} ${url}`).toBeLessThan(500)
    }
  })
})

describe('an organisation', () => {
  it('has lists, counts and sums of its own alone', async () => {
    const list = (await own.get('/api/v1/instruments')).json<{ total: number; items: { key: string }[] }>()
    expect(list.items.map(({ key }) => key)).toEqual([
      'gz-gibh/nmr-01',
      'gz-gibh/sem-01',
      'gz-gibh/shared-own',
    ])
    expect(list.total).toBe(3)
    const all = (await operator.get('/api/v1/instruments')).json<{ total: number }>()
    expect(all.total).toBe(5)
    const rows = async (caller: Caller) =>
      (await caller.get('/api/v1/usage?scope=all&period=2026-01')).json<{ rows: unknown[] }>().rows.length
    expect(await rows(own)).toBe(3)
    expect(await rows(operator)).toBe(5)
    const units = (await own.get('/api/v1/organisations')).json<{
      items: { id: string; parent: unknown }[]
    }>()
    expect(units.items).toMatchObject([{ id: 'gibh', parent: null }])
    const gateways = (await own.get('/api/v1/gateways')).json<{ items: { gateway: string }[] }>()
    expect(gateways.items.map(({ gateway }) => gateway).sort()).toEqual(['gw-1', 'gw-both'])
    expect((await own.get('/api/v1/quarantine')).json()).toMatchObject({ items: [], total: 0 })
    expect((await operator.get('/api/v1/quarantine')).json()).toMatchObject({ total: 1 })
  })

  it('is given the pages of its own gateways, and not those that name instruments of others', async () => {
    const pages = async (caller: Caller, key: string) =>
      (await caller.get(`/api/v1/evidence?instrument=${key}&date=2026-01-05`)).json<{ pages: unknown[] }>()
        .pages.length
    expect(await pages(own, 'gz-gibh/sem-01')).toBe(1)
    expect(await pages(own, 'gz-gibh/shared-own')).toBe(0)
    expect(await pages(operator, 'gz-gibh/shared-own')).toBe(1)
  })

  it('reads entry tiles of the log only as a regulator who supervises everybody in it', async () => {
    const some = await world.caller('regulator', ['gibh'])
    const whole = await world.caller('regulator', ['province'])
    const tile = '/log/2026/tile/entries/000.p/1'
    expect((await some.get(tile)).statusCode).toBe(403)
    expect((await whole.get(tile)).statusCode).not.toBe(403)
    expect((await own.get('/log/2026/checkpoint')).statusCode).toBe(200)
    const list = (await whole.get('/api/v1/instruments')).json<{ total: number }>()
    expect(list.total).toBe(5)
  })

  it('has its reports made of its own, and does not see those of others', async () => {
    const made = async (caller: Caller, format: string) => {
      const job = await caller.send('POST', '/api/v1/reports', { scope: 'all', period: '2026-01', format })
      expect(job.statusCode, job.body).toBe(202)
      const { id } = job.json<{ id: string }>()
      await vi.waitFor(
        async () =>
          expect((await caller.get(`/api/v1/reports/${id}`)).json()).toMatchObject({ state: 'done' }),
        { timeout: 20_000, interval: 20 },
      )
      return { id, file: await caller.get(`/api/v1/reports/${id}/file`) }
    }
    for (const format of ['csv', 'json']) {
      const all = await made(operator, format)
      expect(all.file.body).toMatch(foreign)
      const mine = await made(own, format)
      expect(mine.file.statusCode).toBe(200)
      expect(mine.file.body).toContain('sem-01')
      expect(mine.file.body).not.toMatch(foreign)
      expect((await own.get(`/api/v1/reports/${all.id}`)).statusCode).toBe(404)
      expect((await own.get(`/api/v1/reports/${all.id}/file`)).statusCode).toBe(404)
      expect((await own.send('DELETE', `/api/v1/reports/${all.id}`)).statusCode).toBe(404)
      const at = await own.get(`/api/v1/exports?scope=all&period=2026-01&format=${format}`)
      expect(at.statusCode).toBe(200)
      expect(at.body).not.toMatch(foreign)
    }
  })

  it('hears live events of its own instruments alone, those it missed included', async () => {
    const address = await world.api.listen({ host: '127.0.0.1', port: 0 })
    const stop = new AbortController()
    const open = async (headers: Readonly<Record<string, string>>) =>
      (await fetch(`${address}/api/v1/events`, { headers, signal: stop.signal }))
        .body!.pipeThrough(new TextDecoderStream())
        .getReader()
    const mine = await open(own.headers)
    const whole = await open(operator.headers)
    const state = (site: string, gateway: string, id: string) =>
      world.ingest.commit({
        topic: stateTopic(site as never, gateway as never, id as never),
        payload: Buffer.from(JSON.stringify({ v: 1, state: 'run', since: start, at: start, why: 'power' })),
        client: gateway as never,
      })
    await state('zebra-site', 'gw-zebra', 'zebra-sem')
    await state('gz-gibh', 'gw-1', 'sem-01')
    const until = async (reader: typeof mine) => {
      let text = ''
      while (!text.includes('gz-gibh/sem-01')) {
        const { done, value } = await reader.read()
        if (done) throw new Error(`ended after: ${text}`)
        text += value
      }
      return text
    }
    const all = await until(whole)
    expect(all).toMatch(/zebra-site\/zebra-sem/)
    expect(await until(mine)).not.toMatch(foreign)
    const first = /id: (\S+)-\d+/.exec(all)?.[1] ?? ''
    const again = await open({ ...own.headers, 'last-event-id': `${first}-0` })
    expect(await until(again)).not.toMatch(foreign)
    stop.abort()
  })
})
