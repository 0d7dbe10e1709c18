import { DAY, HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { site, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await createApiWorld()
  world.clock.advanceTo(start + DAY)
})
afterAll(() => world.close())

interface Answer {
  kind: string
  counts: Record<string, number>
  rows: { line: number; about: string; fate: string; changes?: string[]; faults?: Record<string, string>[] }[]
  ignored: string[]
  gateways: { gateway: string; revision: number; hasKey: boolean; fault: object | null }[]
}
async function send(csv: string, query = ''): Promise<Answer> {
  const answer = await world.api.inject({
    ...{ method: 'POST', url: `/api/v1/registry/imports${query}`, payload: csv },
    headers: { 'content-type': 'text/csv' },
  })
  expect([answer.statusCode, answer.body.slice(0, 300)]).toEqual([200, answer.body.slice(0, 300)])
  return answer.json<Answer>()
}
const lines = (...rows: string[]) => rows.join('\n')
const count = (kind: 'organisation' | 'enrolment' | 'schedule' | 'membership' | 'config') =>
  world.ingest.registry.records(kind).length

describe('a register', () => {
  const organisations = lines(
    'id,parent,kind,name,name zh,sme,phone',
    'sysu,,entity,Sun Yat-sen University,中山大学,no,1',
    'sysu-chem,sysu,unit,School of Chemistry,化学学院,,2',
    'sysu-lab,sysu-chem,部门,Laboratory,实验室,,3',
    'firm,,法人单位,Firm,,yes,4',
  )

  it('of organisations is recognised, tried, written, and the same once more', async () => {
    const before = count('organisation')
    expect(await send(organisations, '?dryRun=1')).toMatchObject({
      ...{ kind: 'organisation', counts: { new: 4, refused: 0 }, ignored: ['phone'] },
    })
    expect(count('organisation')).toBe(before)
    await send(organisations)
    expect(count('organisation')).toBe(before + 4)
    expect(world.ingest.registry.organisation('firm')).toMatchObject({ kind: 'entity', flags: { sme: true } })
    expect((await send(organisations)).counts).toEqual({ new: 0, same: 4, changed: 0, refused: 0 })
    const renamed = organisations.replace('Laboratory', 'Lab')
    expect((await send(renamed)).counts).toEqual({ new: 0, same: 3, changed: 1, refused: 0 })
  })

  const instruments = lines(
    '仪器编号,网关,管理单位,中文名称,英文名称,单价（元）,启用日期,型号,应开放,可预约,准备时间,起始,source,topic,on start W,on stop W,run start W,run stop W',
    'gz-sysu/xrd-01,sysu-1,sysu-lab,衍射仪,XRD,"1,600,000.50",2019/5/1,X1,是,否,15,2026-01-05 12:00,tasmota,pow1,20,12,400,320',
    'gz-sysu/sem-01,sysu-1,sysu-lab,电镜,SEM,3200000,2015-03-01,S1,是,是,30,,shelly,shellyplug-1,20,12,400,320',
  )

  it('of instruments has their assets, and how they are sensed becomes the configuration of the gateway', async () => {
    // The unit is there from now on, and the instrument was from yesterday on.
    const early = await send(instruments, '?dryRun=1')
    expect(early.rows).toMatchObject([{ fate: 'refused', faults: [{ field: 'unit' }] }, { fate: 'new' }])
    await send(
      lines(
        'id,parent,kind,name,from',
        'sysu,,entity,S,2026-01-05',
        'sysu-chem,sysu,unit,C,2026-01-05',
        'sysu-lab,sysu-chem,unit,Lab,2026-01-05',
      ),
    )
    const tried = await send(instruments, '?dryRun=1')
    expect(tried.rows.map(({ fate, faults }) => [fate, faults])).toEqual([
      ['new', undefined],
      ['new', undefined],
    ])
    expect(count('config')).toBe(0)
    const done = await send(instruments)
    expect(done.gateways).toEqual([
      { site: 'gz-sysu', gateway: 'sysu-1', revision: 1, hasKey: false, fault: null },
    ])
    const xrd = world.ingest.registry.instrument('gz-sysu/xrd-01' as never)
    expect(xrd?.enrolment).toMatchObject({
      ...{ valueFen: 160_000_050, inService: '2019-05-01', mustOpen: true, bookable: false, prepMs: 900_000 },
      ...{ from: start + 12 * HOUR, names: { en: 'XRD', zh: '衍射仪' }, actor: 'demo.manager' },
    })
    expect(xrd?.settings).toMatchObject({
      source: { kind: 'tasmota', topic: 'pow1' },
      thresholds: { runStartMw: 400_000 },
    })
    expect((await send(instruments)).counts).toMatchObject({ same: 2, new: 0 })
    expect(count('config')).toBe(1)
  })

  it('that says something else of an instrument changes it from now on, and tells what', async () => {
    const other = instruments.replace('X1', 'X2').replace('pow1', 'pow9')
    const tried = await send(other, '?dryRun=1')
    expect(tried.rows).toMatchObject([{ fate: 'changed', changes: ['model'] }, { fate: 'same' }])
    await send(other)
    const xrd = world.ingest.registry.instrument('gz-sysu/xrd-01' as never)
    expect(xrd?.enrolments.map(({ model }) => model)).toEqual(['X1', 'X2'])
    expect(xrd?.settings?.source).toMatchObject({ topic: 'pow9' })
    world.clock.advanceTo(start + 3 * DAY)
    const ended = lines(
      'site,instrument,gateway,unit,name,to',
      'gz-sysu,sem-01,sysu-1,sysu-lab,SEM,2026-01-07',
    )
    expect((await send(ended)).rows).toMatchObject([{ fate: 'changed', changes: ['to'] }])
    expect(count('config')).toBe(3)
  })

  it('of opening hours and listings goes the same way', async () => {
    const hours = lines(
      'instrument,mon,tue,sat,exceptions',
      'gz-sysu/*,08:00-20:00,08:00-12:00 14:00-20:00,closed,2026-10-01 closed; 2026-10-10 9:00-17:00',
      'gz-sysu/xrd-01,00:00-24:00,,,',
    )
    expect((await send(hours)).counts).toMatchObject({ new: 2 })
    expect(world.ingest.registry.records('schedule')[0]?.record).toMatchObject({
      weekly: {
        1: [['08:00', '20:00']],
        2: [
          ['08:00', '12:00'],
          ['14:00', '20:00'],
        ],
        6: [],
      },
      exceptions: { '2026-10-01': [], '2026-10-10': [['09:00', '17:00']] },
    })
    const listed = lines('channel,instrument,organisation,from', 'gd-net,,sysu,', 'gd-net,gz-sysu/xrd-01,,')
    expect((await send(listed)).counts).toMatchObject({ new: 2 })
    expect((await send(listed)).counts).toMatchObject({ same: 2 })
    const until = lines('channel,instrument,to', 'gd-net,gz-sysu/xrd-01,2026-12-31')
    expect((await send(until)).rows).toMatchObject([{ fate: 'changed' }])
    expect(world.ingest.registry.records('membership').at(-1)?.record).toMatchObject({
      from: start + 3 * DAY,
    })
  })

  it('tells every fault of a row: field, value, reason, fix; the good rows are taken', async () => {
    const { counts, rows } = await send(
      lines(
        'site,instrument,gateway,unit,name,yuan,in service,class,source,topic,run start W',
        'gz-sysu,XRD 2,gw-1,sysu-lba,,12k,soon,best,tasmota,,x',
        'gz-sysu,nmr-09,sysu-1,sysu-lab,NMR,,,,,,',
        'gz-sysu,nmr-09,sysu-1,sysu-lab,NMR again,,,,,,',
      ),
    )
    expect(counts).toEqual({ new: 1, same: 0, changed: 0, refused: 2 })
    const fields = rows[0]?.faults?.map(({ field }) => field)
    expect(fields).toEqual(
      expect.arrayContaining([
        'valueFen',
        'inService',
        'class',
        'instrument',
        'names',
        'settings.source.topic',
      ]),
    )
    expect(rows[0]?.faults).toContainEqual({
      ...{ field: 'valueFen', value: '12k', reason: 'not a number' },
      fix: 'write digits with a point, such as 12.5',
    })
    expect(rows[2]).toMatchObject({ line: 4, faults: [{ reason: 'another row of this file is about it' }] })
    const unit = lines('site,instrument,gateway,unit,name', `${site},a,gw-1,gbih,A`)
    expect((await send(unit)).rows[0]?.faults).toMatchObject([{ field: 'unit', fix: 'did you mean gibh?' }])
  })

  it.each([
    ['user,from,to\nx,1,2', /columns are those of no register; .*instrument needs instrument, gateway, unit/],
    ['channel,network\na,b', /mean the same/],
    ['', /the file is empty/],
  ])('that is none is refused as a whole: %j', async (csv, fix) => {
    const answer = await world.api.inject({
      ...{ method: 'POST', url: '/api/v1/registry/imports', payload: csv },
      headers: { 'content-type': 'text/csv' },
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ field: 'file', fix: expect.stringMatching(fix) as string })
  })
})
