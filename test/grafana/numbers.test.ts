import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { alertRules, dashboardsOf, defaultOptions } from '@hours/grafana'
import {
  createApi,
  createInfluxSeries,
  createSeriesOutbox,
  feedSeries,
  type InfluxSeries,
  type RunningIngest,
} from '@hours/ingest'
import { createManualClock, DAY, encodePowerReport, encodeStatus, HOUR, type Usage } from '@hours/protocol'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createTestGateway,
  enrolmentRecord,
  freshFolder,
  openIngest,
  pageMs,
  start,
  unitRecord,
} from '../../ingest/src/ingest.fixture.ts'
import { hasInfluxd, type Influxd, startInfluxd } from '../contract/influxd.fixture.ts'
import { expand, queriesOf } from './queries.ts'

/**
 * Every query of every panel, variable and alert on a real influxd, on data that came through ingest, feed and outbox;
 * the numbers are held against those of the HTTP API.
 */
describe.runIf(hasInfluxd)('Grafana’s queries on a real influxd', () => {
  const folder = freshFolder()
  const days = 2
  const from = start
  const to = start + days * DAY - 1
  let influxd: Influxd
  let series: InfluxSeries
  let ingest: RunningIngest
  let usage: Usage['rows']

  beforeAll(async () => {
    influxd = await startInfluxd()
    series = createInfluxSeries({ url: influxd.url })
    const clock = createManualClock(start)
    ingest = await openIngest(folder, clock)
    const gateway = createTestGateway('gw-1')
    await ingest.recordAll([
      unitRecord(),
      ...gateway.records(),
      enrolmentRecord('gw-1', 'sem-01'),
      enrolmentRecord('gw-1', 'nmr-01'),
    ])
    await ingest.settled()
    const outbox = createSeriesOutbox({ path: join(folder, 'outbox.sqlite'), store: series, clock })
    const feed = feedSeries({
      ingest,
      outbox,
      onError: (error) => {
        throw error
      },
    })
    const send = (kind: string, payload: Uint8Array) =>
      feed.commit({ topic: gateway.topic.replace(/page$/, kind), payload, client: gateway.id })
    const sent: Promise<void>[] = []
    const pages = (count: number, sem: 'run' | 'off' | 'fault') => {
      for (let i = 0; i < count; i++) {
        const half = pageMs / 2
        const bytes = gateway.page({
          'sem-01': [[sem, 0, pageMs]],
          'nmr-01': [
            ['run', 0, half],
            ['standby', half, pageMs],
          ],
        })
        clock.advanceTo(gateway.at() + 1_000)
        sent.push(send('page', bytes))
      }
    }
    await send('status', Buffer.from(encodeStatus({ v: 1, online: true, at: start } as never)))
    pages(100, 'run')
    pages(150, 'off')
    gateway.skip(3 * HOUR)
    pages(250, 'off')
    pages(30, 'fault')
    pages(2 * 288 - 566, 'run')
    for (let at = 0; at < 60; at++)
      sent.push(
        send(
          'power',
          Buffer.from(
            encodePowerReport({
              v: 1,
              from: start + at * 60_000,
              stepMs: 60_000,
              instruments: [{ id: 'sem-01', mw: [[900_000, 1_000_000 + at * 1_000, 1_200_000]], mwh: null }],
            } as never),
          ),
        ),
      )
    await Promise.all(sent)
    clock.advanceTo(start + days * DAY)
    await feed.settled()
    await outbox.flush()
    expect(outbox.state()).toMatchObject({ pending: 0, quarantined: 0 })
    const api = await createApi({
      ingest,
      log: pino({ level: 'silent' }),
      software: 'test',
      logDir: join(folder, 'log'),
    })
    const answer = await api.inject('/api/v1/usage?period=2026-01-05..2026-01-07&by=period')
    usage = answer.json<Usage>().rows
    expect(usage).toHaveLength(2)
    await feed.close()
    await outbox.close()
    await api.close()
  }, 120_000)
  afterAll(async () => {
    await ingest.close()
    await influxd.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  const dashboards = dashboardsOf(defaultOptions)
  const single = { site: 'gz-gibh', instrument: 'sem-01' }
  const found = Object.entries(dashboards).flatMap(([name, dashboard]) => queriesOf(name, dashboard))

  it.each(found)('$where answers', async ({ where, query }) => {
    const variables = where.startsWith('instrument') ? single : {}
    // The instrument's "this year" is the year of the clock on the wall; the test's data is older.
    const text = expand(query, { from, to, variables }).replace('now() - 366d', `${start - 366 * DAY}ms`)
    expect((await series.query(text)).length, text).toBeGreaterThan(0)
  })

  const alerts = (alertRules(defaultOptions).rules ?? []).flatMap(({ uid, data = [] }) =>
    data
      .map(({ model }) => (model as { query?: string }).query)
      .filter((query) => query !== undefined)
      .map((query) => ({ uid, query })),
  )
  it.each(alerts)('alert $uid answers: $query', async ({ uid, query }) => {
    // Alerts look back from now: here from the end of the data.
    const end = uid === 'hours-coverage-yesterday' ? start + 2 * DAY + 8 * HOUR : to
    const text = query.replaceAll('now()', `${uid === 'hours-power-while-off' ? start + 50 * 60_000 : end}ms`)
    const rows = await series.query(text.replace(`"state" = 'off' AND`, ''))
    expect(rows.length, text).toBeGreaterThan(0)
  })

  const panel = async (dashboard: string, title: string, variables: Record<string, string> = {}) => {
    const one = found.find(({ where }) => where.startsWith(`${dashboard} / ${title}`))
    if (!one) throw new Error(`no panel ${title}`)
    return series.query(expand(one.query, { from, to, variables }))
  }
  const only = async (dashboard: string, title: string, column: string, variables = {}) =>
    Number((await panel(dashboard, title, variables))[0]?.[column])
  const sum = (pick: (row: Usage['rows'][number]) => number) => usage.reduce((all, row) => all + pick(row), 0)

  it('hours of the fleet are those of the API', async () => {
    expect(await only('fleet', 'Power-on hours', 'on')).toBeCloseTo(sum(({ on }) => on) / HOUR, 9)
    expect(await only('fleet', 'Run hours', 'run')).toBeCloseTo(sum(({ states }) => states.run) / HOUR, 9)
    const length = sum(({ states }) => Object.values(states).reduce((all, ms) => all + ms, 0))
    expect(length).toBe(2 * days * DAY)
    const coverage = (length - sum(({ states }) => states.unknown)) / length
    expect(coverage).toBeLessThan(1)
    expect(await only('fleet', 'Coverage', 'coverage')).toBeCloseTo(coverage * 100, 9)
    expect(await only('fleet', 'Utilization', 'utilization')).toBeCloseTo(
      (sum(({ states }) => states.run) / length) * 100,
      9,
    )
  })

  it('the table and the ranking name each instrument with its own hours', async () => {
    const rows = await panel('fleet', 'Instruments')
    for (const { key, on, states } of usage) {
      const row = rows.find(({ site, instrument }) => `${String(site)}/${String(instrument)}` === key)
      expect(row?.['run h']).toBeCloseTo(states.run / HOUR, 9)
      expect(row?.['on h']).toBeCloseTo(on / HOUR, 9)
      expect(row?.['unknown h']).toBeCloseTo(states.unknown / HOUR, 9)
    }
    const ranks = await panel('fleet', 'Most run hours')
    expect(ranks).toHaveLength(2)
  })

  it('bars by day sum to the whole, cut at local midnight', async () => {
    const rows = await panel('fleet', 'Hours by state')
    expect(rows.map(({ time }) => Number(time))).toEqual([start, start + DAY])
    for (const state of ['run', 'off', 'fault', 'unknown', 'standby'] as const)
      expect(rows.reduce((all, row) => all + Number(row[state]), 0)).toBeCloseTo(
        sum(({ states }) => states[state]) / HOUR,
        9,
      )
  })

  it('the instrument has its states from its pages, its power in W, and 168 hours of the week', async () => {
    const states = await panel('instrument', 'States', single)
    expect(states[0]).toMatchObject({ time: start, state: 'run' })
    expect(states.map(({ state }) => state)).toContain('unknown')
    const power = await panel('instrument', 'Power ·', single)
    expect(power.find(({ time }) => time === start)).toMatchObject({ mean: 1_002, min: 900, max: 1_200 })
    const week = await series.query(
      'SELECT sum("run_ms") AS "run" FROM "usage_week_hour" WHERE "instrument" = \'sem-01\'',
    )
    expect(week[0]?.['run']).toBe(usage.find(({ key }) => key.endsWith('sem-01'))?.states.run)
  })

  it('a rate without a denominator is absent, never 0', async () => {
    const none = { instrument: 'no-such' }
    expect(await panel('fleet', 'Coverage', none)).toEqual([])
    // Nobody outside was served: that is 0; nothing ran at all would be n/a.
    expect(await only('fleet', 'Sharing rate', 'sharing')).toBe(0)
  })

  it('the quota counts the enrolled part of the year', async () => {
    const run = sum(({ states }) => states.run)
    const expected = (run / (1_400 * HOUR * ((2 * days * DAY) / (8_760 * HOUR)))) * 100
    expect(await only('regulator', 'Of the quota', 'quota')).toBeCloseTo(expected, 9)
  })

  it('alerts measure what they say: fault of the last two hours, unknown of yesterday', async () => {
    const query = (uid: string) => alerts.find((alert) => alert.uid === uid)!.query
    const faultEnd = start + (250 * 300_000 + 3 * HOUR) + 250 * 300_000 + 30 * 300_000
    const fault = await series.query(query('hours-fault').replaceAll('now()', `${faultEnd}ms`))
    expect(Number(fault.find(({ instrument }) => instrument === 'sem-01')?.['sum'])).toBeGreaterThan(900_000)
    expect(fault.find(({ instrument }) => instrument === 'nmr-01')?.['sum']).toBe(0)
    const coverage = await series.query(
      query('hours-coverage-yesterday').replaceAll('now()', `${start + DAY + 8 * HOUR + 1}ms`),
    )
    const [row] = coverage
    const known = Object.values(row ?? {}).find((value) => typeof value === 'number' && value <= 100)
    expect(known).toBeCloseTo((1 - (3 * HOUR) / DAY) * 100, 6)
  })
})
