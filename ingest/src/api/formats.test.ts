import { Buffer } from 'node:buffer'
import { HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await createApiWorld()
  const firm = { id: 'kanghe-bio', parent: null, kind: 'entity', names: { zh: '康和生物' }, from: start - 1 }
  await world.ingest.record('organisation', 'installation', firm as never)
  world.clock.advanceTo(start + 24 * HOUR)
})
afterAll(() => world.close())

interface Answer {
  accepted: number
  repeated: number
  corrections: number
  refused: number
  format: string
  ignored: string[]
  rows: { line: number; fate: string; field?: string; reason?: string; id?: string }[]
}
async function send(payload: string, query = '', type = 'text/plain') {
  const url = `/api/v1/imports?${query}`
  const headers = { 'content-type': type }
  const response = await world.api.inject({ method: 'POST', url, headers, payload: Buffer.from(payload) })
  return response.json<Answer & { detail: string; code: string }>()
}
const list = async (what: string) =>
  (await world.get(`/api/v1/${what}`)).json<{ items: Record<string, unknown>[] }>().items

const calendar = (...events: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:test', ...events, 'END:VCALENDAR', ''].join('\r\n')
const event = (...lines: string[]) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n')

describe('iCalendar', () => {
  it('gives a booking an event: zones, durations, people and cancellations as the feed has them', async () => {
    const feed = calendar(
      event(
        'UID:a@b',
        'DTSTART:20260106T010000Z',
        'DTEND:20260106T030000Z',
        'LOCATION:gz-gibh/sem-01',
        'ATTENDEE;CN="Li, Wei":mailto:li@x.cn',
      ),
      event('UID:berlin', 'DTSTART;TZID=Europe/Berlin:20260106T090000', 'DURATION:PT90M', 'LOCATION:sem-01'),
      event('UID:floating', 'DTSTART:20260107T090000', 'DTEND:20260107T100000', 'LOCATION:sem-01'),
      event(
        'UID:gone',
        'DTSTART:20260108T010000Z',
        'DTEND:20260108T030000Z',
        'LOCATION:sem-01',
        'STATUS:CANCELLED',
      ),
      event('UID:day', 'DTSTART;VALUE=DATE:20260109', 'LOCATION:sem-01'),
    )
    const first = await send(feed, 'channel=scut&site=gz-gibh', 'text/calendar')
    expect(first).toMatchObject({ format: 'ical', accepted: 5, refused: 0 })
    expect(first.rows.map(({ line }) => line)).toEqual([4, 11, 17, 23, 30])
    const bookings = await list('bookings')
    expect(bookings.map(({ from, to }) => [from, to])).toEqual([
      [Date.UTC(2026, 0, 6, 1), Date.UTC(2026, 0, 6, 3)],
      [Date.UTC(2026, 0, 6, 8), Date.UTC(2026, 0, 6, 9, 30)],
      [Date.UTC(2026, 0, 7, 1), Date.UTC(2026, 0, 7, 2)],
      [Date.UTC(2026, 0, 8, 1), Date.UTC(2026, 0, 8, 3)],
      [Date.UTC(2026, 0, 8, 16), Date.UTC(2026, 0, 9, 16)],
    ])
    expect(bookings[0]).toMatchObject({ externalIds: [{ channel: 'scut', id: 'a@b' }] })
    expect(bookings[0]?.['user']).toMatch(/^p-/)
    expect(bookings[1]?.['user']).toBe('p-unknown')
    expect(bookings.map(({ cancelled }) => cancelled === true)).toEqual([false, false, false, true, false])
    expect(await send(feed, 'channel=scut&site=gz-gibh')).toMatchObject({ accepted: 0, repeated: 5 })
  })

  it('writes a series out, with its exception in place of the day it is about', async () => {
    const feed = calendar(
      event(
        'UID:s',
        'DTSTART:20260201T010000Z',
        'DTEND:20260201T020000Z',
        'RRULE:FREQ=DAILY;COUNT=3',
        'LOCATION:nmr-01',
      ),
      event(
        'UID:s',
        'RECURRENCE-ID:20260202T010000Z',
        'DTSTART:20260202T050000Z',
        'DTEND:20260202T060000Z',
        'LOCATION:nmr-01',
      ),
    )
    const answer = await send(feed, 'channel=scut&site=gz-gibh')
    expect(answer).toMatchObject({ accepted: 3, refused: 0 })
    const from = (await list('bookings?instrument=gz-gibh/nmr-01')).map((one) => one['from'])
    expect(from).toEqual([Date.UTC(2026, 1, 1, 1), Date.UTC(2026, 1, 2, 5), Date.UTC(2026, 1, 3, 1)])
  })

  it('moves and cancels what is still to come by itself; what has begun only by a second person', async () => {
    const told = (...more: string[]) =>
      send(
        calendar(event('UID:plan', 'DTEND:20260105T220000Z', 'LOCATION:nmr-01', ...more)),
        'channel=scut&site=gz-gibh',
      )
    const plan = Date.UTC(2026, 0, 5, 21, 30)
    const stands = async () =>
      (await list(`bookings?instrument=gz-gibh/nmr-01&from=${plan}&to=${plan + 1}`)).map((one) => [
        new Date(Number(one['from'])).toISOString().slice(11, 16),
        one['cancelled'] === true,
      ])
    expect(await told('DTSTART:20260105T200000Z')).toMatchObject({ accepted: 1 })
    const moved = await told('DTSTART:20260105T210000Z')
    expect(moved).toMatchObject({ accepted: 1, corrections: 0 })
    expect(moved.rows[0]?.reason).toContain('its own channel tells it anew')
    expect(await stands()).toEqual([['21:00', false]])
    expect(await told('DTSTART:20260105T210000Z')).toMatchObject({ accepted: 0, repeated: 1 })
    expect(await told('DTSTART:20260105T210000Z', 'STATUS:CANCELLED')).toMatchObject({ accepted: 1 })
    expect(await stands()).toEqual([['21:00', true]])
    expect(await told('DTSTART:20260105T210000Z')).toMatchObject({ accepted: 1 })
    expect(await stands()).toEqual([['21:00', false]])
    // Nobody moves a plan into the past, or what was a plan; and another channel, or none, only proposes.
    expect(await told('DTSTART:20260105T000000Z')).toMatchObject({ accepted: 0, corrections: 1 })
    const over = event('UID:over', 'DTSTART:20260105T000000Z', 'DURATION:PT1H', 'LOCATION:nmr-01')
    expect(await send(calendar(over), 'channel=scut&site=gz-gibh')).toMatchObject({ accepted: 1 })
    const late = calendar(over.replace('END:', 'STATUS:CANCELLED\r\nEND:'))
    expect(await send(late, 'channel=scut&site=gz-gibh')).toMatchObject({ accepted: 0, corrections: 1 })
    const booking = (await list('bookings?instrument=gz-gibh/nmr-01')).find(
      ({ id: one }) => one === 'scut:plan',
    )
    const { id, instrument, from, to, user, beneficiary } = booking ?? {}
    const other = { id, instrument, from, to, user, beneficiary, cancelled: true }
    expect(
      await send(JSON.stringify([{ record: 'booking', ...other }]), '', 'application/json'),
    ).toMatchObject({ accepted: 0, corrections: 1 })
    expect(await stands()).toEqual([['21:00', false]])
  })

  it('refuses the event that it cannot read, and only that one', async () => {
    const feed = calendar(
      event('UID:1', 'DTSTART:20260301T010000Z', 'DTEND:20260301T020000Z', 'LOCATION:nowhere'),
      event('UID:2', 'DTSTART;TZID=Middle Earth:20260301T010000', 'DURATION:PT1H', 'LOCATION:sem-01'),
      event(
        'UID:3',
        'DTSTART:20260301T010000Z',
        'DTEND:20260301T020000Z',
        'RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
        'LOCATION:sem-01',
      ),
      event('UID:4', 'LOCATION:sem-01'),
      event('UID:5', 'DTSTART:20260301T010000Z', 'DTEND:20260301T020000Z', 'LOCATION:sem-01'),
    )
    const { rows } = await send(feed, 'channel=scut&site=gz-gibh')
    expect(rows.map(({ fate, field }) => [fate, field])).toEqual([
      ['refused', 'instrument'],
      ['refused', 'TZID'],
      ['refused', 'RRULE'],
      ['refused', expect.any(String)],
      ['accepted', undefined],
    ])
  })

  it('asks for the channel that its ids are of', async () => {
    const feed = calendar(event('UID:9', 'DTSTART:20260401T010000Z', 'DURATION:PT1H', 'LOCATION:sem-01'))
    expect((await send(feed, 'site=gz-gibh')).rows[0]).toMatchObject({ fate: 'refused', field: 'channel' })
  })
})

describe('service records of the national platform (NRII)', () => {
  const record = (more: object) => ({
    innerId: 'sem-01',
    recordInnerId: 'r1',
    serviceTime: '2026-01-05 08',
    endTime: '2026-01-05 11',
    serviceAmount: '3',
    amounts: '12.3',
    serviceWay: '占用',
    serviceType: 130,
    serviceDirection: 135,
    applicant: '李伟',
    applicantUnit: '康和生物',
    subjectName: '纳米',
    comment: '满意',
    ...more,
  })

  it('become sessions with their charge and rating, each unit where it belongs', async () => {
    const file = JSON.stringify([
      record({}),
      // A begin that is none: three hours before the end, as the amount of an occupation is in hours.
      record({ recordInnerId: 'r2', serviceTime: '3', endTime: '2026-01-06 11' }),
      // An order of samples: its amount is a count, and it has no hours.
      record({ recordInnerId: 'r3', serviceTime: '', serviceWay: '委托', serviceAmount: '40' }),
      // Nothing says that these were hours.
      record({ recordInnerId: 'r4', serviceTime: '', serviceWay: '远程' }),
      record({ recordInnerId: 'r5', serviceTime: '', serviceWay: '其他' }),
      // In which way is not told; nothing is taken for somebody's own use.
      record({ recordInnerId: 'r6', serviceTime: '', serviceWay: undefined }),
      record({ recordInnerId: 'r7', serviceWay: '借用' }),
    ])
    const answer = await send(file, 'site=gz-gibh')
    expect(answer).toMatchObject({ format: 'nrii', accepted: 3, refused: 4 })
    expect(answer.rows.map(({ field }) => field)).toEqual([
      ...[undefined, undefined, undefined, 'serviceTime', 'serviceTime', 'serviceWay', 'serviceWay'],
    ])
    const sessions = await list('sessions')
    const lengths = sessions.map(({ id, from, to, samples }) => [id, Number(to) - Number(from), samples])
    expect(lengths).toEqual([
      ['nrii:r1', 3 * HOUR, undefined],
      ['nrii:r3', 1, 40],
      ['nrii:r2', 3 * HOUR, undefined],
    ])
    expect(sessions[0]).toMatchObject({
      beneficiary: 'kanghe-bio',
      purpose: 'research',
      way: 'self',
      project: '纳米',
    })
    expect((await list('charges')).map(({ fen }) => fen)).toEqual([1_230, 1_230, 1_230])
    expect((await list('ratings')).map(({ score }) => score)).toEqual([4, 4, 4])
    expect(await send(file, 'site=gz-gibh')).toMatchObject({ accepted: 0, repeated: 3 })
  })
})

describe('Slurm accounting (sacct)', () => {
  it('becomes core-hours apart from hours; steps are in their job, running jobs wait', async () => {
    const file = [
      'JobID|Cluster|User|Account|Start|End|AllocNodes|ElapsedRaw|CPUTimeRAW|State',
      '17|sem-01|li|gibh|2026-01-05T08:00:00|2026-01-05T10:00:00|2|7200|460800|COMPLETED',
      '17.batch|sem-01|||2026-01-05T08:00:00|2026-01-05T10:00:00|1|7200|230400|COMPLETED',
      '18|sem-01|li|gibh|2026-01-05T11:00:00|Unknown|1|60|64|RUNNING',
      '19|sem-01|wu|nobody-known|2026-01-05T11:00:00|2026-01-05T11:30:00|1|1800|1800|COMPLETED',
    ].join('\n')
    const answer = await send(file, 'site=gz-gibh')
    expect(answer).toMatchObject({ format: 'sacct', accepted: 1, refused: 2 })
    expect(answer.rows.map(({ line, field }) => [line, field])).toEqual([
      [2, undefined],
      [4, 'end'],
      [5, 'beneficiary'],
    ])
    expect(await list('compute')).toMatchObject([{ coreMs: 128 * HOUR, nodeMs: 4 * HOUR, jobs: 1 }])
    expect(await send(file, 'site=gz-gibh')).toMatchObject({ accepted: 0, repeated: 1 })
  })

  it('says which columns to ask for', async () => {
    const answer = await send('JobID|Start\n1|2\n', 'format=sacct')
    expect(answer.detail).toContain('sacct -P -X -o JobID')
  })
})

describe('JSON files', () => {
  it('may hold records of several kinds', async () => {
    const at = start + HOUR
    const records = [
      {
        record: 'maintenance',
        id: 'm1',
        instrument: 'gz-gibh/sem-01',
        from: at,
        to: at + HOUR,
        reason: 'gun',
      },
      { record: 'training', instrument: 'gz-gibh/sem-01', at, group: 'student', level: 'guided', persons: 4 },
      { record: 'dance', instrument: 'gz-gibh/sem-01' },
      7,
    ]
    const answer = await send(JSON.stringify({ records }), '', 'application/json')
    expect(answer).toMatchObject({ format: 'json', accepted: 2, refused: 2 })
    expect(await list('maintenance')).toMatchObject([{ id: 'm1', reason: 'gun' }])
  })
})
