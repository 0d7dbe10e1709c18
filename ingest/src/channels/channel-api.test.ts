import { DAY, HOUR, MINUTE } from '@hours/protocol'
import ICAL from 'ical.js'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ApiWorld, createApiWorld } from '../api/api.fixture.ts'
import { site, start } from '../ingest.fixture.ts'
import { type ChannelMonitor, createChannelMonitor } from './channel-monitor.ts'
import { openProbeStore } from './probe-store.ts'
import { channelOf, openWeb, page, type Web } from './web.fixture.ts'
import { recordItem } from '../write-records.ts'

let world: ApiWorld
let web: Web
let monitor: ChannelMonitor
const get = async <T>(url: string): Promise<T> => {
  const answer = await world.get(url)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}

beforeEach(async () => {
  web = await openWeb(page('Booking'))
  world = await createApiWorld(({ ingest, clock }) => {
    monitor = createChannelMonitor({
      ...{ ingest, clock },
      settings: { channels: [channelOf(`${web.url}feed?key=secret`, { openAfter: 1, closeAfter: 1 })] },
      store: openProbeStore(':memory:'),
      log: pino({ level: 'silent' }),
    })
    return { channels: monitor }
  })
})
afterEach(async () => {
  await monitor.close()
  await world.close()
  await web.close()
})

describe('channels', () => {
  it('are listed with availability, completeness, owner and open incidents', async () => {
    await world.ingest.recordAll([
      recordItem('membership', 'installation', {
        channel: 'gz-net',
        instrument: `${site}/sem-01`,
        from: start,
      }),
      recordItem('membership', 'installation', { channel: 'gd-net', organisation: 'gibh', from: start }),
    ])
    await monitor.probe('gz-net')
    web.answer = page('gone', 404)
    world.clock.advanceTo(start + 5 * MINUTE)
    await monitor.probe('gz-net')
    const { items } = await get<{ items: object[] }>('/api/v1/channels')
    expect(items).toEqual([
      expect.objectContaining({ id: 'gd-net', available: null, owner: null, listings: 2, probed: 0 }),
      expect.objectContaining({
        ...{ id: 'gz-net', available: 0.5, owner: 'Centre A', openIncidents: 1, probed: 2, listings: 1 },
      }),
    ])
    const one = await get<{ pages: object[]; listed: { missing: string[] }[] }>('/api/v1/channels/gz-net')
    expect(one.pages).toMatchObject([{ id: 'booking', ok: false, status: 404, url: `${web.url}feed` }])
    // What the test's enrolment says: an English name and its unit's.
    expect(one.listed).toMatchObject([{ instrument: 'gz-gibh/sem-01', complete: 2 / 8, telemetry: false }])
    expect(one.listed[0]?.missing).toContain('telemetry')
    const { items: incidents } = await get<{ items: object[] }>('/api/v1/channels/gz-net/incidents')
    expect(incidents).toMatchObject([
      { kind: 'page_dead', owner: 'Centre A', from: start + 5 * MINUTE, to: null },
    ])
    expect(JSON.stringify([one, incidents])).not.toContain('secret')

    web.answer = page('Booking')
    world.clock.advanceTo(start + 10 * MINUTE)
    await monitor.probe('gz-net')
    const closed = await get<{ items: object[] }>('/api/v1/channels/gz-net/incidents?open=false')
    expect(closed.items).toMatchObject([{ to: start + 10 * MINUTE }])
    expect(await get('/api/v1/channels/gz-net/incidents?open=true')).toMatchObject({ items: [] })
  })

  it('that nobody knows are 404, and a foreign cursor is 400', async () => {
    expect((await world.get('/api/v1/channels/none')).statusCode).toBe(404)
    expect((await world.get('/api/v1/channels/none/incidents')).statusCode).toBe(404)
    expect((await world.get('/api/v1/channels/gz-net/incidents?cursor=x')).statusCode).toBe(400)
  })
})

describe('idle slots', () => {
  // Monday 5 January 2026, local hour h.
  const hour = (h: number) => start + h * HOUR
  const feed = `/api/v1/availability?instrument=${site}/sem-01&to=${start + DAY}`

  beforeEach(async () => {
    const session = { beneficiary: 'gibh', user: 'u1', purpose: 'research', actor: 'a' }
    await world.ingest.recordAll([
      recordItem('schedule', site, {
        instrument: '*',
        weekly: { '1': [['08:00', '20:00']] },
        from: start - DAY,
      }),
      recordItem('booking', site, {
        ...{ id: 'b1', instrument: 'sem-01' },
        from: hour(9),
        to: hour(11),
        ...session,
      }),
      recordItem('booking', site, {
        ...{ id: 'b2', instrument: 'sem-01', cancelled: true },
        ...{ from: hour(12), to: hour(13), ...session },
      }),
      recordItem('maintenance', site, {
        id: 'm',
        instrument: 'sem-01',
        from: hour(18),
        to: hour(24),
        actor: 'a',
      }),
      recordItem('booking', site, {
        ...{ id: 'b3', instrument: 'nmr-01' },
        from: hour(8),
        to: hour(20),
        ...session,
      }),
    ])
  })

  it('are the opening hours without bookings and maintenance, and name nobody', async () => {
    const answer = await get<{ slots: object[] }>(feed)
    expect(answer.slots).toEqual([
      { from: hour(8), to: hour(9) },
      { from: hour(11), to: hour(18) },
    ])
    expect(JSON.stringify(answer)).not.toContain('u1')
  })

  it('begin no earlier than now, and short ones are left out', async () => {
    world.clock.advanceTo(hour(17) + 40 * MINUTE + 500)
    expect(await get(feed)).toMatchObject({ slots: [{ from: hour(17) + 41 * MINUTE, to: hour(18) }] })
    expect(await get(`${feed}&minMinutes=30`)).toMatchObject({ slots: [] })
  })

  it('are a calendar that another reader reads', async () => {
    const answer = await world.get(feed.replace('availability', 'availability.ics'))
    expect(answer.headers['content-type']).toContain('text/calendar')
    const calendar = new ICAL.Component(ICAL.parse(answer.body) as never)
    const events = calendar.getAllSubcomponents('vevent').map((one) => new ICAL.Event(one))
    expect(
      events.map((one) => [one.startDate.toUnixTime() * 1_000, one.endDate.toUnixTime() * 1_000]),
    ).toEqual([
      [hour(8), hour(9)],
      [hour(11), hour(18)],
    ])
    expect(new Set(events.map(({ uid }) => uid)).size).toBe(2)
    expect(events[0]?.summary).toBe('SIMULATED free: sem-01')
  })

  it('idle hours of the past weeks stand by hour of the week; unknown is not idle', async () => {
    for (let at = start; at < hour(9); at += 5 * MINUTE) await world.page()
    world.clock.advanceTo(hour(12))
    const sem = await get<{ idleByWeekHour: number[]; idle: number; coverage: number }>(feed)
    // It ran from 0 to 9, and from 9 to 12 nobody knows.
    expect([sem.idle, sem.coverage]).toEqual([0, 0.75])
    const nmr = await get<typeof sem>(feed.replace('sem-01', 'nmr-01'))
    // Half of each page standby, the other half not said: idle is what is known of 8 to 9.
    expect(nmr.idleByWeekHour).toHaveLength(168)
    expect(nmr.idleByWeekHour[8]).toBe(HOUR / 2)
    expect(nmr.idle).toBe(HOUR / 2)
  })

  it('of an instrument without opening hours are not known', async () => {
    const bare = await createApiWorld()
    const answer = await bare.get(`/api/v1/availability?instrument=${site}/sem-01`)
    expect(answer.json()).toMatchObject({ slots: null, idleByWeekHour: null, idle: null })
    await bare.close()
  })

  it.each([
    [`${site}/none`, 404],
    ['x', 404],
    [`${site}/sem-01&to=5`, 400],
    [`${site}/sem-01&to=${start + 100 * DAY}`, 400],
    [`${site}/sem-01&speed=1`, 400],
  ])('%s is answered %i', async (query, status) => {
    expect((await world.get(`/api/v1/availability?instrument=${query}`)).statusCode).toBe(status)
  })
})
