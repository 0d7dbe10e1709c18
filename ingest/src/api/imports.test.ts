import { Buffer } from 'node:buffer'
import { HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enrolmentRecord, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

let world: ApiWorld

interface Row {
  row: number
  line: number
  fate: string
  id?: string
  field?: string
  value?: string
  reason?: string
  fix?: string
  warnings?: { code: string; ids: string[] }[]
}
interface Answer {
  accepted: number
  repeated: number
  corrections: number
  refused: number
  rows: Row[]
  ignored: string[]
  format: string
}

const organisation = (id: string, kind: string, parent: string | null, zone?: string) => ({
  kind: 'organisation' as const,
  stream: 'installation',
  body: {
    id,
    parent,
    kind,
    names: { en: `The ${id}`, zh: `单位${id}` },
    from: start - 1,
    ...(zone ? { zone } : {}),
  },
})

beforeAll(async () => {
  world = await createApiWorld()
  const berlin = enrolmentRecord('gw-b', 'ms-01', Date.UTC(2024, 0, 1))
  await world.ingest.recordAll([
    organisation('kanghe-bio', 'entity', null) as never,
    organisation('berlin-lab', 'entity', null, 'Europe/Berlin') as never,
    { ...berlin, stream: 'berlin', body: { ...berlin.body, unit: 'berlin-lab' } } as never,
  ])
  world.clock.advanceTo(start + 24 * HOUR)
})
afterAll(() => world.close())

async function send(body: string | Uint8Array, query = '', type = 'text/csv') {
  const response = await world.api.inject({
    method: 'POST',
    url: `/api/v1/imports?${query}`,
    headers: { 'content-type': type },
    payload: Buffer.from(body),
  })
  return {
    status: response.statusCode,
    body: response.json<Answer & { detail: string; title: string; code: string }>(),
  }
}
const list = async (what: string) =>
  (await world.get(`/api/v1/${what}`)).json<{ items: Record<string, unknown>[]; next: string | null }>()

const head = 'instrument,from,to,user,beneficiary,purpose'

describe('CSV', () => {
  it('is judged first and written then, and sending it again changes nothing', async () => {
    const file = `${head},samples,yuan,score\ngz-gibh/sem-01,2026-01-05 08:00,2026-01-05 10:30,Li Wei,kanghe-bio,service,12,300.50,5\n`
    const dry = await send(file, 'dryRun=1')
    expect(dry.body).toMatchObject({ accepted: 1, refused: 0, dryRun: true, format: 'csv', ignored: [] })
    expect((await list('sessions')).items).toEqual([])
    expect((await send(file)).body).toMatchObject({ accepted: 1, repeated: 0 })
    const again = await send(file)
    expect(again.body).toMatchObject({ accepted: 0, repeated: 1, refused: 0 })
    expect(again.body.rows[0]).toMatchObject({ row: 1, line: 2, reason: 'it is there already' })
    const { items } = await list('sessions')
    expect(items).toMatchObject([
      {
        instrument: 'gz-gibh/sem-01',
        from: start + 8 * HOUR,
        to: start + 10.5 * HOUR,
        samples: 12,
        booked: false,
      },
    ])
    expect((await list('charges')).items).toMatchObject([
      { fen: 30_050, payer: 'kanghe-bio', session: items[0]?.['id'] },
    ])
    expect((await list('ratings')).items).toMatchObject([{ score: 5 }])
  })
})
