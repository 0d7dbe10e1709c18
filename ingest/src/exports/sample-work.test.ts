import { HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiWorld, createApiWorld } from '../api/api.fixture.ts'
import { start } from '../ingest.fixture.ts'
import { hasPython, readXlsx } from './readers.fixture.ts'

let world: ApiWorld
const sem = 'gz-gibh/sem-01'
const work = { instrument: sem, user: 'u', beneficiary: 'acme', purpose: 'service' }
const at = (hours: number) => start + hours * HOUR
const order = { ...work, way: 'entrusted', at: at(0.25), samples: 40, yuan: 1200, project: 'p1' }

async function post(path: string, payload: unknown) {
  const answer = await world.api.inject({
    method: 'POST',
    url: `/api/v1/${path}`,
    payload: payload as object,
  })
  return answer.json<{ accepted: number; refused: number; rows: { fate: string; id: string }[] }>()
}

/** An hour of sem-01 at run; work for acme, most of it counted in samples. */
beforeAll(async () => {
  world = await createApiWorld()
  await world.ingest.recordAll([
    {
      ...{ kind: 'organisation', stream: 'installation' },
      body: { id: 'acme', parent: null, kind: 'entity', names: { en: 'Acme' }, from: start - 1 },
    } as never,
  ])
  for (let i = 0; i < 12; i++) await world.page()
  world.clock.advanceTo(at(40))
  const taken = await post('sessions', [
    { ...order, id: 'order' },
    // By a way that has clock times, while the instrument stood: there is no sensor on the rig that did it.
    { ...work, id: 'rig', way: 'operated', from: at(2), to: at(5), samples: 3, project: 'p2' },
    { ...work, id: 'run', way: 'self', from: at(0), to: at(1), yuan: 300 },
    // Neither hours nor samples: nothing bears it out.
    { ...work, id: 'nothing', way: 'self', from: at(6), to: at(7) },
    { ...order, id: 'tomorrow', at: at(30) },
    { ...order, id: 'wrong', at: at(0.5), project: 'p9' },
    ...['twin-1', 'twin-2'].map((id) => ({ ...order, id, at: at(0.75), yuan: 70, project: 'p1' })),
  ])
  expect(taken.refused).toBe(0)
  await post('duplicates', { site: 'gz-gibh', sessions: ['twin-1', 'twin-2'] })
  const [wrong] = world.ingest.registry.records('session').filter(({ record }) => record.id === 'wrong')
  const voided = { of: wrong?.hash, reason: 'twice', void: true, actor: 'a' }
  const { hash } = await world.ingest.record('correction', 'gz-gibh', voided as never)
  await world.ingest.record('approval', 'gz-gibh', { of: hash, by: 'b', role: 'head' })
  await world.ingest.settled()
}, 60_000)
afterAll(() => world.close())

const exported = async (more: string) => {
  const answer = await world.get(`/api/v1/exports?scope=${sem}&period=2026-01-05&${more}`)
  expect(answer.statusCode, answer.body.slice(0, 300)).toBe(200)
  return answer.rawPayload
}
const nrii = async () => (await exported('format=nrii&insCode=U1')).toString()

describe('work that is counted in samples', () => {
  it('is in the NRII records with its samples and yuan, once, and not when it was taken back', async () => {
    const { services } = JSON.parse(await nrii()) as { services: object[] }
    const day = '2026-01-05'
    expect(services).toMatchObject([
      {
        recordInnerId: 'run',
        serviceTime: `${day} 00:00`,
        serviceAmount: 1,
        amountUnit: 'hours',
        amounts: 300,
      },
      {
        ...{ recordInnerId: 'order', serviceTime: '', endTime: `${day} 00:15`, serviceWay: '委托' },
        ...{ serviceAmount: 40, amountUnit: 'samples', amounts: 1200, serviceType: '130' },
      },
      { recordInnerId: 'twin-1', serviceAmount: 40, amountUnit: 'samples', amounts: 70 },
      { recordInnerId: 'rig', serviceTime: `${day} 02:00`, serviceAmount: 3, amountUnit: 'samples' },
    ])
    expect(services).toHaveLength(4)
  })

  it('sums to the samples and the income of the figures', async () => {
    const { services } = JSON.parse(await nrii()) as {
      services: { serviceAmount: number; amountUnit: string; amounts: number }[]
    }
    const { rows } = JSON.parse((await exported('format=json')).toString()) as {
      rows: { kpi: string; value: number }[]
    }
    const figure = (kpi: string) => rows.find((row) => row.kpi === kpi)?.value
    const samples = services.filter(({ amountUnit }) => amountUnit === 'samples')
    expect(samples.reduce((sum, one) => sum + one.serviceAmount, 0)).toBe(figure('samples'))
    expect(services.reduce((sum, one) => sum + one.amounts, 0)).toBe((figure('incomeOutsideFen') ?? 0) / 100)
  })

  it('is read back as what it was: an order is an order, hours are hours', async () => {
    const other = await createApiWorld()
    const organisation = { id: 'acme', parent: null, kind: 'entity', names: { en: 'Acme' }, from: start - 1 }
    await other.ingest.recordAll([
      { kind: 'organisation', stream: 'installation', body: organisation } as never,
    ])
    other.clock.advanceTo(at(40))
    const answer = await other.api.inject({
      ...{ method: 'POST', url: '/api/v1/imports?format=nrii', payload: await nrii() },
      headers: { 'content-type': 'application/octet-stream' },
    })
    expect(answer.json()).toMatchObject({ accepted: 4, refused: 0 })
    const sessions = other.ingest.registry.records('session').map(({ record }) => record)
    expect(sessions).toMatchObject([
      { way: 'self', from: at(0), to: at(1) },
      { way: 'entrusted', from: at(0.25), to: at(0.25) + 1, samples: 40 },
      { way: 'entrusted', from: at(0.75), to: at(0.75) + 1, samples: 40 },
      { way: 'operated', from: at(2), to: at(5), samples: 3 },
    ])
    expect(sessions[0]).not.toHaveProperty('samples')
    const fen = other.ingest.registry.records('charge').map(({ record }) => record.fen)
    expect(fen.filter((one) => one > 0)).toEqual([30_000, 120_000, 7_000])
    await other.close()
  })

  it.skipIf(!hasPython)('has its projects in SJ3 beside those of verified hours', async () => {
    const { SJ3: [head = [], row = []] = [] } = readXlsx(
      await exported('format=sj3&schoolCode=12345&signedOffBy=Dean'),
    )
    const cell = (name: string) => row[head.indexOf(name)]
    expect([cell('测样数'), cell('社会服务项目数'), cell('科研项目数')]).toEqual([83, 2, 0])
  })
})
