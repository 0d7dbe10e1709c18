import { alertRules, dashboardsOf, defaultOptions } from '@hours/grafana'
import {
  DAY,
  type GatewaySummary,
  HOUR,
  MINUTE,
  type PowerSeries,
  type State,
  type StateSpans,
  type Usage,
} from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasInfluxd } from '../contract/influxd.fixture.ts'
import { days, fault, from, type PlayedDays, playDays, powerMinutes, silence, to } from './played-days.ts'
import { expand, type FoundQuery, queriesOf } from './queries.ts'

type Row = Readonly<Record<string, string | number | boolean | null>>
type Line = { kpi: string; value: number }

const states = ['off', 'standby', 'run', 'fault', 'unknown'] as const
const keys = ['gz-gibh/sem-01', 'gz-gibh/nmr-01', 'gz-gibh/xrd-01'] as const
const period = '2026-01-05..2026-01-07'
const single = { site: 'gz-gibh', instrument: 'sem-01' }

/**
 * Every query of every panel, variable and alert on a real influxd, on data that came through ingest, feed and outbox;
 * the numbers of each panel are held against those of the HTTP API, and a panel without such a check fails.
 */
describe.runIf(hasInfluxd)('Grafana’s numbers on a real influxd', () => {
  let world: PlayedDays
  /** What the API says: figures of everything and of each instrument, days, spans, gateways. */
  let whole: ReadonlyMap<string, number>
  const own = new Map<string, ReadonlyMap<string, number>>()
  let byDay: Usage['rows']
  let spans: StateSpans['spans']
  let gateways: GatewaySummary[]
  let logSize: number

  beforeAll(async () => {
    world = await playDays()
    const figures = async (scope: string) => {
      const answer = await world.get<{ figures: Line[]; log: { size: number } }>(
        `/api/v1/figures?scope=${scope}&period=${period}`,
      )
      logSize = answer.log.size
      return new Map(answer.figures.map(({ kpi, value }) => [kpi, value]))
    }
    whole = await figures('all')
    for (const key of keys) own.set(key, await figures(key))
    byDay = (await world.get<Usage>(`/api/v1/usage?period=${period}&by=day`)).rows
    spans = (await world.get<StateSpans>(`/api/v1/instruments/${keys[0]}/states?from=${from}&to=${to + 1}`))
      .spans
    gateways = (await world.get<{ items: GatewaySummary[] }>('/api/v1/gateways')).items
  }, 120_000)
  afterAll(async () => world.close())

  const of = (kpi: string, key?: string): number => {
    const value = (key === undefined ? whole : own.get(key))?.get(kpi)
    if (value === undefined) throw new Error(`the API has no ${kpi} of ${key ?? 'all'}`)
    return value
  }
  const hours = (kpi: string, key?: string) => of(kpi, key) / HOUR
  const share = (kpi: string, key?: string) => 100 * of(kpi, key)
  /** One row with one number. */
  const only = (rows: readonly Row[], name: string, wanted: number) => {
    expect(rows).toHaveLength(1)
    expect(Number(rows[0]?.[name])).toBeCloseTo(wanted, 9)
  }
  const keyOf = ({ site, instrument }: Row) => `${String(site)}/${String(instrument)}`
  /** One row for each instrument, each with its own numbers. */
  const each = (rows: readonly Row[], wanted: (key: string) => Record<string, number>) => {
    expect(rows.map(keyOf).sort()).toEqual([...keys].sort())
    for (const row of rows)
      for (const [name, value] of Object.entries(wanted(keyOf(row))))
        expect([keyOf(row), name, Number(row[name]).toFixed(9)]).toEqual([keyOf(row), name, value.toFixed(9)])
  }
  /** Sums of the API's days over instruments, by the day's begin. */
  const daily = (pick: (row: Usage['rows'][number]) => number, key?: string) => {
    const sums = new Map<number, number>()
    for (const row of byDay)
      if (key === undefined || row.key === key) sums.set(row.from, (sums.get(row.from) ?? 0) + pick(row))
    return sums
  }
  const perDay = (rows: readonly Row[], name: string, wanted: ReadonlyMap<number, number>) => {
    expect(rows.map(({ time, [name]: value }) => [time, Number(value).toFixed(9)])).toEqual(
      [...wanted].map(([at, value]) => [at, value.toFixed(9)]),
    )
  }
  const length = (row: Usage['rows'][number]) => states.reduce((sum, state) => sum + row.states[state], 0)
  const known = (row: Usage['rows'][number]) => length(row) - row.states.unknown
  const ratio = (part: ReadonlyMap<number, number>, all: ReadonlyMap<number, number>) =>
    new Map([...part].map(([at, value]) => [at, (100 * value) / (all.get(at) ?? Number.NaN)]))
  const inHours = (sums: ReadonlyMap<number, number>) =>
    new Map([...sums].map(([at, value]) => [at, value / HOUR]))

  /** What the API's power of sem-01 is in the slots of a panel, W. */
  const power = async () => {
    const url = `/api/v1/instruments/${keys[0]}/power?from=${from}&to=${from + DAY}&step=300000`
    return (await world.get<PowerSeries>(url)).points.map(([at, min, mean, max]) => ({
      time: at,
      mean: mean / 1_000,
      min: min / 1_000,
      max: max / 1_000,
    }))
  }
  /** Run share of each hour of the week, from the API's spans: the zone has no summer time, the first day is a Monday. */
  const weekShares = () => {
    const cells = new Map<number, { run: number; known: number }>()
    for (let how = 0; how < days * 24; how++) {
      const [begin, end] = [from + how * HOUR, from + (how + 1) * HOUR]
      const within = (wanted: (state: State) => boolean) =>
        spans
          .filter(({ state }) => wanted(state))
          .reduce((sum, span) => sum + Math.max(0, Math.min(span.to, end) - Math.max(span.from, begin)), 0)
      const cell = { run: within((state) => state === 'run'), known: within((state) => state !== 'unknown') }
      if (cell.known > 0) cells.set(how, cell)
    }
    return cells
  }
  const gatewayOf = ({ gateway }: Row) => gateways.find((one) => one.gateway === gateway)
  const sumGateways = (pick: (one: GatewaySummary) => number) =>
    gateways.reduce((sum, one) => sum + pick(one), 0)

  /** One check for each query, by the begin of its place. */
  const checks: Readonly<Record<string, (rows: readonly Row[]) => void | Promise<void>>> = {
    'fleet / Power-on hours': (rows) => only(rows, 'on', hours('on')),
    'fleet / Run hours': (rows) => only(rows, 'run', hours('run')),
    'fleet / Effective hours': (rows) => only(rows, 'effective', hours('effective')),
    'fleet / Utilization': (rows) => only(rows, 'utilization', share('utilCalendar')),
    'fleet / Sharing rate': (rows) => only(rows, 'sharing', share('shareHours')),
    'fleet / Coverage': (rows) => only(rows, 'coverage', share('coverage')),
    'fleet / Hours by state': (rows) => {
      for (const state of states) perDay(rows, state, inHours(daily((row) => row.states[state])))
    },
    'fleet / Most run hours': (rows) => each(rows, (key) => ({ run: hours('run', key) })),
    'fleet / Least coverage': (rows) => each(rows, (key) => ({ coverage: share('coverage', key) })),
    'fleet / Instruments': (rows) =>
      each(rows, (key) => ({
        'run h': hours('run', key),
        'on h': hours('on', key),
        'effective h': hours('effective', key),
        'external h': hours('external', key),
        'unknown h': hours('unknown', key),
        'coverage %': share('coverage', key),
      })),
    'fleet / variable site': (rows) => expect(rows.map(({ value }) => value)).toEqual(['gz-gibh']),
    'fleet / variable instrument': (rows) =>
      expect(rows.map(({ value }) => `gz-gibh/${String(value)}`).sort()).toEqual([...keys].sort()),

    'instrument / States': (rows) => {
      // A point at each begin of a page's span: between two of the API's changes the state stays.
      for (const { time, state } of rows)
        expect([
          time,
          spans.find((span) => span.from <= Number(time) && Number(time) < span.to)?.state,
        ]).toEqual([time, state])
      const begins = new Set(rows.map(({ time }) => time))
      expect(spans.filter((span) => !begins.has(span.from))).toEqual([])
    },
    'instrument / Power-on hours': (rows) => only(rows, 'on', hours('on', keys[0])),
    'instrument / Run hours': (rows) => only(rows, 'run', hours('run', keys[0])),
    'instrument / Sharing rate': (rows) => only(rows, 'sharing', share('shareHours', keys[0])),
    'instrument / Coverage': (rows) => only(rows, 'coverage', share('coverage', keys[0])),
    'instrument / Hours of each day': (rows) => {
      for (const state of states) perDay(rows, state, inHours(daily((row) => row.states[state], keys[0])))
    },
    'instrument / Power · 功率 / A': async (rows) => {
      const wanted = await power()
      expect(wanted).toHaveLength(powerMinutes / 5)
      expect(rows.filter(({ mean }) => mean !== null)).toEqual(wanted)
    },
    'instrument / Power · 功率 / B': async (rows) =>
      expect(rows.filter((row) => row['run threshold'] !== null)).toEqual(
        (await power()).map(({ time }) => ({ time, 'run threshold': 100 })),
      ),
    'instrument / Where its power lies': async (rows) =>
      expect(rows).toEqual((await power()).map(({ time, mean }) => ({ time, W: mean }))),
    'instrument / Run share by hour of the week': (rows) => {
      const shown = rows.map(({ how, share: value }) => [Number(how), Number(value).toFixed(9)] as const)
      const wanted = [...weekShares()].map(([how, cell]) => [how, ((100 * cell.run) / cell.known).toFixed(9)])
      expect(shown.toSorted(([a], [b]) => a - b)).toEqual(wanted)
    },
    'instrument / variable site': (rows) => expect(rows.map(({ value }) => value)).toEqual(['gz-gibh']),
    'instrument / variable instrument': (rows) =>
      expect(rows.map(({ value }) => value)).toEqual(['nmr-01', 'sem-01', 'xrd-01']),

    'gateways / Gateways online': (rows) =>
      only(
        rows,
        'online',
        sumGateways(({ online }) => (online ? 1 : 0)),
      ),
    'gateways / Gateways silent': (rows) =>
      only(
        rows,
        'silent',
        sumGateways(({ online }) => (online ? 0 : 1)),
      ),
    'gateways / Pages waiting at gateways': (rows) =>
      only(
        rows,
        'spool',
        sumGateways(({ spool }) => spool?.pages ?? 0),
      ),
    'gateways / Pages refused': (rows) =>
      only(
        rows,
        'rejected',
        sumGateways(({ rejected }) => rejected),
      ),
    'gateways / Gateways ·': (rows) => {
      expect(rows).toHaveLength(gateways.length)
      for (const row of rows) {
        const one = gatewayOf(row)
        expect(row).toMatchObject({
          online: one?.online ? 1 : 0,
          'pages waiting': one?.spool?.pages,
          'clock offset ms': one?.clock?.offsetMs,
          // The last page came when the period was over.
          received: (one?.received ?? 0) - (one?.gateway === 'gw-1' ? 1 : 0),
          rejected: one?.rejected,
        })
      }
    },
    'gateways / Unknown hours a day': (rows) =>
      perDay(rows, 'unknown', inHours(daily((row) => row.states.unknown))),
    'gateways / Clock offset': (rows) => {
      for (const { gateway, clock } of gateways)
        expect(rows.findLast((row) => row['gateway'] === gateway)?.['offset']).toBe(clock?.offsetMs)
    },
    'gateways / Pages waiting (late)': (rows) => {
      for (const { gateway, spool } of gateways)
        expect(rows.findLast((row) => row['gateway'] === gateway)?.['spool']).toBe(spool?.pages)
    },
    'gateways / Gaps': (rows) => {
      // gw-1 was not heard in the silence, gw-2 for half a day only; a slot in which it falls silent counts as silent.
      const heard = (name: string) =>
        new Set(
          rows.filter(({ gateway, online }) => gateway === name && online === 1).map(({ time }) => time),
        )
      const slots = (since: number, until: number) =>
        new Set(Array.from({ length: (until - since) / (5 * MINUTE) }, (_, i) => since + i * 5 * MINUTE))
      const first = slots(from, silence.from)
      expect(heard('gw-1')).toEqual(first.union(slots(silence.to + 5 * MINUTE, to + 1)))
      expect(heard('gw-2')).toEqual(slots(from, from + DAY / 2))
    },
    'gateways / Most unknown hours': (rows) => each(rows, (key) => ({ unknown: hours('unknown', key) })),
    'gateways / variable site': (rows) => expect(rows.map(({ value }) => value)).toEqual(['gz-gibh']),
    'gateways / variable instrument': (rows) => expect(rows).toHaveLength(keys.length),

    'regulator / Effective hours': (rows) => only(rows, 'effective', hours('effective')),
    'regulator / Hours for others': (rows) => only(rows, 'external', hours('external')),
    'regulator / Sharing rate': (rows) => only(rows, 'sharing', share('shareHours')),
    'regulator / Of the quota': (rows) => only(rows, 'quota', share('utilQuota')),
    'regulator / Coverage ·': (rows) => only(rows, 'coverage', share('coverage')),
    'regulator / Newest log position': (rows) => {
      // Every page is in the log before the figures it changed are told.
      expect(Number(rows[0]?.['revision'])).toBeLessThan(logSize)
      expect(Number(rows[0]?.['revision'])).toBeGreaterThan(2 * 288)
    },
    'regulator / Instruments against the quota': (rows) =>
      each(rows, (key) => ({
        'effective h': hours('effective', key),
        'of quota %': share('utilQuota', key),
        'external h': hours('external', key),
        'coverage %': share('coverage', key),
        'enrolled h': hours('enrolled', key),
      })),
    'regulator / Coverage by day': (rows) => perDay(rows, 'coverage', ratio(daily(known), daily(length))),
    'regulator / Revisions': (rows) => {
      expect(rows.map(({ time }) => time)).toEqual([from, from + DAY])
      for (const { revision } of rows) expect(Number(revision)).toBeLessThan(logSize)
    },
    'regulator / variable site': (rows) => expect(rows.map(({ value }) => value)).toEqual(['gz-gibh']),
    'regulator / variable instrument': (rows) => expect(rows).toHaveLength(keys.length),
  }

  const found = Object.entries(dashboardsOf(defaultOptions)).flatMap(([name, dashboard]) =>
    queriesOf(name, dashboard),
  )
  const rowsOf = ({ where, query, list }: FoundQuery, chosen: Record<string, string | string[]> = {}) => {
    const choices = { ...(where.startsWith('instrument') ? single : {}), ...chosen }
    const [text, before] = ([13, 10] as const).map((grafana) =>
      expand(query, { from, to, list, choices, grafana }),
    )
    expect(before).toBe(text)
    // The instrument's "this year" is the year of the clock on the wall; the test's data is older.
    return world.series.query((text ?? '').replace('now() - 366d', `${from - 366 * DAY}ms`))
  }

  it.each(found)('$where gives the number of the API', async (one) => {
    const { where, query } = one
    const mine = Object.entries(checks).filter(([begin]) => where.startsWith(begin))
    expect(
      mine.map(([begin]) => begin),
      'a panel needs exactly one check',
    ).toHaveLength(1)
    const rows = await rowsOf(one)
    expect(rows.length, query).toBeGreaterThan(0)
    await mine[0]?.[1](rows)
  })

  it('the numbers are of an eventful world: no check holds because everything is 0 or 100', () => {
    for (const kpi of [...states, 'external', 'on', 'effective'])
      expect([kpi, of(kpi) > 0]).toEqual([kpi, true])
    expect(of('coverage')).toBeLessThan(0.9)
    expect(new Set(gateways.map(({ online }) => online)).size).toBe(2)
    expect(sumGateways(({ rejected }) => rejected)).toBe(1)
  })

  it('a rate without a denominator is absent, never 0', async () => {
    for (const one of found.filter(({ where }) => /^fleet \/ (?:Coverage|Utilization|Sharing)/.test(where)))
      expect([one.where, await rowsOf(one, { instrument: ['no-such'] })]).toEqual([one.where, []])
    // It ran for nobody: that has no sharing rate; it was enrolled: that has a utilization of 0.
    const rate = (title: string) => found.find(({ where }) => where.startsWith(`fleet / ${title}`))!
    const idle = { instrument: ['xrd-01'] }
    expect(await rowsOf(rate('Sharing'), idle)).toEqual([])
    expect((await rowsOf(rate('Utilization'), idle))[0]?.['utilization']).toBe(0)
  })

  it('several instruments, an organisation of some of them, and each of them alone give the same', async () => {
    const organisation = `("site" = 'no-such' OR ("site" = 'gz-gibh' AND "instrument" =~ /^(sem-01|xrd-01)$/))`
    for (const title of ['Run hours', 'Most run hours', 'Hours by state']) {
      const one = found.find(({ where }) => where.startsWith(`fleet / ${title}`))!
      const some = await rowsOf(one, { instrument: ['sem-01', 'xrd-01'] })
      expect(some).not.toEqual(await rowsOf(one))
      expect(await rowsOf(one, { organisation })).toEqual(some)
    }
    const names = found.find(({ where }) => where === 'fleet / variable instrument')!
    expect((await rowsOf(names, { organisation })).map(({ value }) => value)).toEqual(['sem-01', 'xrd-01'])
  })

  describe('alerts', () => {
    const rules = (alertRules(defaultOptions).rules ?? []).flatMap(({ uid, data = [] }) =>
      data.flatMap(({ refId, model }) => {
        const { query } = model as { query?: string }
        return query === undefined ? [] : [{ name: `${uid} ${refId ?? ''}`, query }]
      }),
    )
    /** A rule's answer as if it had been asked at `now`, one value for each series. */
    const asked = async (name: string, now: number) => {
      const query = rules.find((rule) => rule.name === name)?.query ?? ''
      // In life nothing is later than now.
      const ended = query.replaceAll(/time > now\(\) - \w+(?! AND time <=)\b/g, '$& AND time <= now()')
      return world.series.query(ended.replaceAll('now()', `${now}ms`))
    }
    const value = (rows: readonly Row[], tag: string, name: string, column: string) =>
      Number(rows.find((row) => row[tag] === name)?.[column] ?? Number.NaN)
    const within = (state: State, since: number, until: number) =>
      spans
        .filter((span) => span.state === state)
        .reduce((sum, span) => sum + Math.max(0, Math.min(span.to, until) - Math.max(span.from, since)), 0)

    /** One check for each query: what it measures, against the API's spans, days and gateways. */
    const measured: Readonly<Record<string, () => Promise<void>>> = {
      'hours-gateway-silent A': async () => {
        const rows = await asked('hours-gateway-silent A', to)
        for (const { gateway, online } of gateways)
          expect(value(rows, 'gateway', gateway, 'last')).toBe(online ? 1 : 0)
      },
      'hours-coverage-yesterday A': async () => {
        const rows = await asked('hours-coverage-yesterday A', from + DAY + 8 * HOUR)
        const [first] = [...ratio(daily(known), daily(length)).values()]
        const shown = Object.values(rows[0] ?? {}).find((one) => typeof one === 'number' && one <= 100)
        expect(shown).toBeCloseTo(first ?? Number.NaN, 9)
      },
      'hours-run-without-change A': async () => {
        // Nothing ran for 24 hours on end; alerts.test.ts has what did.
        expect(await asked('hours-run-without-change A', to)).toEqual([])
      },
      'hours-fault A': async () => {
        const now = fault.to + 20 * MINUTE
        const rows = await asked('hours-fault A', now)
        // The hours that begin in the last two.
        const since = from + Math.ceil((now - 2 * HOUR - from) / HOUR) * HOUR
        expect(rows.map(keyOf)).toEqual([keys[0]])
        expect(value(rows, 'instrument', 'sem-01', 'v')).toBe(within('fault', since, fault.to))
      },
      'hours-power-while-off A': async () => {
        const now = from + 50 * MINUTE
        const rows = await asked('hours-power-while-off A', now)
        const url = `/api/v1/instruments/${keys[0]}/power?from=${from}&to=${now}&step=60000`
        const { points } = await world.get<PowerSeries>(url)
        expect(value(rows, 'instrument', 'sem-01', 'v')).toBe(
          Math.min(...points.map(([, , mean]) => mean)) / 1_000,
        )
      },
      'hours-power-while-off B': async () => {
        // Off all the time: as many points say off as say anything; while it runs none does.
        const off = await asked('hours-power-while-off B', silence.from - MINUTE)
        expect(value(off, 'instrument', 'sem-01', 'count')).toBe(12)
        const running = await asked('hours-power-while-off B', from + 50 * MINUTE)
        expect(running.find(({ instrument }) => instrument === 'sem-01')).toBeUndefined()
      },
      'hours-power-while-off C': async () => {
        const rows = await asked('hours-power-while-off C', silence.from - MINUTE)
        expect(value(rows, 'instrument', 'sem-01', 'count')).toBe(12)
      },
      'hours-clock-offset A': async () => {
        const rows = await asked('hours-clock-offset A', to)
        for (const { gateway, clock } of gateways)
          expect(value(rows, 'gateway', gateway, 'last')).toBe(clock?.offsetMs)
      },
      'hours-unknown-growing A': async () => {
        // The hours that begin in the last six; gw-2, of xrd-01 alone, fell silent half a day before.
        const rows = await asked('hours-unknown-growing A', from + DAY)
        expect(rows.map((row) => [keyOf(row), row['v']])).toEqual([[keys[2], 6 * HOUR]])
      },
      'hours-unknown-growing B': async () => {
        const heard = async (now: number) => {
          const rows = await asked('hours-unknown-growing B', now)
          return value(rows, 'site', 'gz-gibh', 'min')
        }
        expect(await heard(from + 8 * HOUR)).toBe(1)
        expect(await heard(from + DAY)).toBe(0)
      },
    }

    it.each(rules)('$name measures what it says', async ({ name }) => {
      expect(Object.keys(measured)).toContain(name)
      await measured[name]?.()
    })
  })
})
