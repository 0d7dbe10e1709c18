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
    from: Date.UTC(2024, 0, 1),
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

  it('tells for a refused row the line, the field, what stood there, why, and what to do', async () => {
    const file = [
      head,
      'gz-gibh/sem-1,2026-01-06 08:00,2026-01-06 09:00,u1,gibh,research',
      'gz-gibh/sem-01,2026-01-06 10:00,2026-01-06 09:00,u1,gibh,research',
      'gz-gibh/sem-01,2026-01-06 10:00,2026-01-06 10:00,u1,gibh,research',
      'gz-gibh/sem-01,2026-01-06 11:00,2026-01-06 12:00,u1,kanghe,service',
      'gz-gibh/sem-01,yesterday,2026-01-06 12:00,u1,gibh,research',
      'gz-gibh/sem-01,2026-01-06 13:00,2026-01-06 14:00,u1,gibh,fun',
      'gz-gibh/sem-01,2025-01-06 13:00,2025-01-06 14:00,u1,gibh,research',
      'gz-gibh/sem-01,2026-01-06 14:00,2026-01-06 15:00,,gibh,research',
      'gz-gibh/sem-01,2026-01-06 16:00,2026-01-06 17:00,u1,gibh,research',
    ].join('\r\n')
    const { body } = await send(file)
    expect(body).toMatchObject({ accepted: 1, refused: 8 })
    expect(body.rows.map(({ line, field }) => [line, field])).toEqual([
      [2, 'instrument'],
      [3, 'to'],
      [4, 'to'],
      [5, 'beneficiary'],
      [6, 'from'],
      [7, 'purpose'],
      [8, 'from'],
      [9, 'user'],
      [10, undefined],
    ])
    expect(body.rows[0]).toMatchObject({ value: 'gz-gibh/sem-1', fix: 'did you mean gz-gibh/sem-01?' })
    expect(body.rows[1]?.reason).toBe('the end is before the beginning')
    expect(body.rows[2]?.reason).toBe('it has no length')
    expect(body.rows[3]).toMatchObject({ value: 'kanghe', reason: 'nobody knows this organisation' })
    expect(body.rows[6]?.reason).toContain('is enrolled 2026-01-04T16:00:00.000Z to now only')
    for (const row of body.rows.slice(0, 8)) expect(row.fix).not.toBe('')
  })

  it('takes an overlap on an exclusive instrument and marks it, with the ids of both', async () => {
    const file = `${head},id\nnmr-01,2026-01-05 08:00,2026-01-05 10:00,u1,gibh,research,a1\nnmr-01,2026-01-05 09:00,2026-01-05 11:00,u2,gibh,research,a2\n`
    const { body } = await send(file, 'site=gz-gibh')
    expect(body).toMatchObject({ accepted: 2, refused: 0 })
    expect(body.rows[0]?.warnings).toBeUndefined()
    expect(body.rows[1]?.warnings).toMatchObject([{ code: 'session_overlap', ids: ['a1'] }])
  })

  it('refuses a local time that the clocks skipped, and one they showed twice unless told which', async () => {
    const file = [
      `${head},fold`,
      'berlin/ms-01,2025-03-30 02:30,2025-03-30 05:00,u1,berlin-lab,research,',
      'berlin/ms-01,2025-10-26 02:30,2025-10-26 05:00,u1,berlin-lab,research,',
      'berlin/ms-01,2025-10-26 02:30,2025-10-26 05:00,u1,berlin-lab,research,0',
      'berlin/ms-01,2025-10-26 02:30,2025-10-26 05:00,u2,berlin-lab,research,1',
      'berlin/ms-01,2025-10-26T02:30+01:00,2025-10-26 05:00,u3,berlin-lab,research,',
    ].join('\n')
    const { body } = await send(file)
    expect(body.rows.map(({ fate }) => fate)).toEqual([
      'refused',
      'refused',
      'accepted',
      'accepted',
      'accepted',
    ])
    expect(body.rows[0]).toMatchObject({ field: 'from', fix: 'check the time, or give it with its offset' })
    expect(body.rows[0]?.reason).toContain('does not exist in Europe/Berlin')
    expect(body.rows[1]?.reason).toContain('+02:00 or +01:00')
    const { items } = await list('sessions?instrument=berlin/ms-01')
    const hours = items.map(({ from, to }) => (Number(to) - Number(from)) / HOUR)
    expect(hours).toEqual([3.5, 2.5, 2.5])
  })

  it('reads Chinese headings and values, tabs, quotes over two lines and a byte order mark', async () => {
    const file =
      '\uFEFF仪器\t开始时间\t结束时间\t使用人\t受益单位\t使用目的\t课题\t备用\r\n' +
      'sem-01\t2026年1月7日 8:00\t2026/1/7 09:00\t李伟\t单位kanghe-bio\t社会服务\t"两\n行"\tx\r\n' +
      '\t\t\t\t\t\t\t\r\n' +
      'sem-01\t2026-01-07 10:00\t2026-01-07 11:00\t李伟\tkanghe-bio\t科研\tp\t\r\n'
    const { body } = await send(file)
    expect(body).toMatchObject({ accepted: 2, refused: 0, ignored: ['备用'] })
    expect(body.rows.map(({ line }) => line)).toEqual([2, 5])
    const { items } = await list(`sessions?from=${Date.UTC(2026, 0, 7)}&to=${Date.UTC(2026, 0, 8)}`)
    expect(items).toMatchObject([
      { purpose: 'service', beneficiary: 'kanghe-bio', project: '两\n行' },
      { purpose: 'research' },
    ])
    expect(items[0]?.['user']).toMatch(/^p-[\w-]{43}$/)
    expect(items[0]?.['user']).toBe(items[1]?.['user'])
  })

  it('reads GB18030 when told so, and says how when it is not', async () => {
    // "仪器,开始,结束" and one row, as a spreadsheet in China saves them.
    const gb = Buffer.concat([
      Buffer.from('d2c7c6f72cbfaacabc2cbde1caf82c', 'hex'),
      Buffer.from('user,beneficiary,purpose\nsem-01,2026-01-08 08:00,2026-01-08 09:00,u,gibh,research\n'),
    ])
    const refused = await send(gb)
    expect(refused).toMatchObject({ status: 415, body: { code: 'not_text' } })
    expect(refused.body.detail).toContain('(first at byte 1)')
    expect(refused.body.detail).toContain('charset=gb18030')
    expect((await send(gb, 'charset=gb18030')).body).toMatchObject({ accepted: 1 })
  })

  it('keeps what looks like a formula as text, marks it, and takes our own apostrophe away', async () => {
    const file = `${head},project\nsem-01,2026-01-09 08:00,2026-01-09 09:00,u,gibh,research,"=HYPERLINK(""x"")"\nsem-01,2026-01-09 10:00,2026-01-09 11:00,u,gibh,research,'+A1\n`
    const { body } = await send(file)
    expect(body.rows.map(({ warnings }) => warnings?.some(({ code }) => code === 'formula_text'))).toEqual([
      true,
      true,
    ])
    const url = `/api/v1/sessions?format=csv&from=${Date.UTC(2026, 0, 9)}&to=${Date.UTC(2026, 0, 10)}`
    const csv = (await world.get(url)).body
    expect(csv).toContain(`"'=HYPERLINK(""x"")"`)
    expect(csv).toContain(`'+A1`)
    // What we export is known again, and nothing of it is new or changed.
    expect((await send(csv)).body).toMatchObject({ accepted: 0, corrections: 0, repeated: 2, refused: 0 })
  })

  it('counts a row once that stands in the file twice, and refuses two rows that contradict each other', async () => {
    const row = 'sem-01,2026-01-10 08:00,2026-01-10 09:00,u,gibh,research'
    const { body } = await send(
      `${head},id\n${row},d1\n${row},d1\nsem-01,2026-01-10 08:00,2026-01-10 10:00,u,gibh,research,d1\n`,
    )
    expect(body.rows.map(({ fate }) => fate)).toEqual(['accepted', 'repeated', 'refused'])
    expect(body.rows[1]?.reason).toBe('another row of this file says the same')
    expect(body.rows[2]?.reason).toBe('another row of this file has this id with other values')
  })

  it('stops at a quote that nobody closed and keeps what came before', async () => {
    const file = `${head}\nsem-01,2026-01-11 08:00,2026-01-11 09:00,u,gibh,research\nsem-01,2026-01-11 10:00,2026-01-11 11:00,"u,gibh,research\n`
    const { body } = await send(file)
    expect(body.rows.map(({ fate }) => fate)).toEqual(['accepted', 'refused'])
    expect(body.rows[1]?.reason).toContain('the table breaks off here')
  })

  it('refuses cells beyond the columns, two columns of one meaning, and a file without headings', async () => {
    const extra = await send(`${head}\nsem-01,2026-01-12 08:00,2026-01-12 09:00,u,gibh,research,surplus\n`)
    expect(extra.body.rows[0]).toMatchObject({ fate: 'refused', field: 'row', value: 'surplus' })
    const twice = await send('instrument,from,start,to\nsem-01,1,2,3\n')
    expect(twice).toMatchObject({ status: 422, body: { code: 'bad_header' } })
    expect(twice.body.detail).toContain('from, start all mean "from"')
    expect((await send('sem-01,2026-01-12 08:00,2026-01-12 09:00\n')).body.code).toBe('bad_header')
  })

  it('turns changed values into a correction that waits, and a third sending into nothing', async () => {
    const file = (to: string) => `${head},id\nsem-01,2026-01-13 08:00,2026-01-13 ${to},u,gibh,research,c1\n`
    await send(file('09:00'))
    const changed = await send(file('09:30'))
    expect(changed.body).toMatchObject({ accepted: 0, corrections: 1 })
    expect((await send(file('09:30'))).body.rows[0]).toMatchObject({
      fate: 'repeated',
      reason: 'the correction is there and waits for its approval',
    })
    expect((await list('sessions')).items.find(({ id }) => id === 'c1')?.['to']).toBe(
      Date.UTC(2026, 0, 13, 1),
    )
  })

  it('takes claimed hours, trainings and achievements by the same door', async () => {
    const claims = await send(
      'instrument,from,to,开机机时,有效机时,来源\nsem-01,2026-01-05,2026-02-01,"1,355.5",700,年报\n',
      'kind=claim',
    )
    expect(claims.body).toMatchObject({ accepted: 1 })
    expect((await list('claims')).items).toMatchObject([
      { onMs: 1_355.5 * HOUR, effectiveMs: 700 * HOUR, source: '年报' },
    ])
    const trained = await send(
      'instrument,date,人员类别,level,人数\nsem-01,2026-01-05,学生,独立,3\n',
      'kind=training',
    )
    expect(trained.body).toMatchObject({ accepted: 1 })
    const made = await send(
      'instrument,date,kind,level,count\nsem-01,2026-01-05,paper,core,2\n',
      'kind=achievement',
    )
    expect(made.body).toMatchObject({ accepted: 1 })
  })

  it('gives an entrusted test without clock times its samples and income, and no hours', async () => {
    const file =
      'instrument,date,way,user,beneficiary,purpose,samples,yuan,received,reported\nsem-01,2026-01-14,委托,u,kanghe-bio,service,40,9900,2026-01-12,2026-01-15\n'
    const { body } = await send(file)
    expect(body).toMatchObject({ accepted: 1 })
    const session = (await list('sessions')).items.find(({ way }) => way === 'entrusted')
    expect(session).toMatchObject({ samples: 40, receivedAt: Date.UTC(2026, 0, 11, 16) })
    expect(Number(session?.['to']) - Number(session?.['from'])).toBe(1)
  })
})

describe('files that are no table', () => {
  it.each([
    ['a ZIP archive', Buffer.from('PK\u0003\u0004 rest'), 415, 'zip'],
    ['bytes that are no UTF-8', Buffer.from([0x61, 0x2c, 0xff, 0xfe, 0x0a]), 415, 'not_text'],
    ['NUL bytes', Buffer.from('a,b\n\u0000,c\n'), 415, 'binary'],
    ['nothing', Buffer.from(''), 422, 'empty'],
    ['plain words', Buffer.from('hello there'), 415, 'bad_format'],
    ['broken JSON', Buffer.from('[{"instrument": '), 415, 'bad_format'],
    ['a broken calendar', Buffer.from('BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID'), 415, 'bad_format'],
  ])('%s is refused whole, and says what it is', async (_name, bytes, status, code) => {
    const answer = await send(bytes, '', 'application/octet-stream')
    expect(answer.status).toBe(status)
    expect(answer.body.code).toBe(code)
    expect(answer.body.detail.length).toBeGreaterThan(10)
  })

  it('a file over the limit is refused with the limit in the answer', async () => {
    const answer = await send(Buffer.alloc(33 * 1024 * 1024, 0x20))
    expect(answer.status).toBe(413)
    expect(answer.body).toMatchObject({ title: 'the file is too large', value: 'more than 32 MiB' })
  })
})

describe('a flood of sessions', () => {
  it('refuses by row what nobody could share any more: the 201st session at one instant, not a work order', async () => {
    const at = (row: number) => new Date(start + 20 * HOUR + row * 1_000).toISOString()
    const row = (i: number) => `gz-gibh/nmr-01,${at(i)},${at(3_600)},u${i},gibh,research`
    const rows = Array.from({ length: 203 }, (_, i) => row(i))
    const { body } = await send([head, ...rows].join('\n'))
    expect(body).toMatchObject({ accepted: 200, refused: 3 })
    expect(
      body.rows.filter(({ fate }) => fate === 'refused').map(({ line, field }) => [line, field]),
    ).toEqual([
      [202, 'from'],
      [203, 'from'],
      [204, 'from'],
    ])
    expect((await send([head, ...rows].join('\n'))).body).toMatchObject({ repeated: 200, refused: 3 })
    expect((await send([head, row(3_601)].join('\n'))).body).toMatchObject({ refused: 1 })
    const later = `gz-gibh/nmr-01,${at(3_600)},${at(3_700)},u1,gibh,research`
    expect((await send([head, later].join('\n'))).body).toMatchObject({ accepted: 1 })
    const orders = [
      'instrument,at,user,beneficiary,purpose,samples,way',
      `gz-gibh/nmr-01,${at(600)},u1,gibh,service,4,entrusted`,
    ]
    expect((await send(orders.join('\n'))).body).toMatchObject({ accepted: 1 })
  })
})
