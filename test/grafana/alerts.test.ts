import { alertRules, defaultOptions } from '@hours/grafana'
import { createInfluxSeries, type InfluxSeries, type SeriesPoint } from '@hours/ingest'
import { HOUR, MINUTE } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasInfluxd, type Influxd, startInfluxd } from '../contract/influxd.fixture.ts'

type Labels = Readonly<Record<string, string>>
interface Series {
  readonly labels: Labels
  readonly value: number
}

const rules =
  alertRules({
    ...defaultOptions,
    alwaysOn: ['a/magnet'],
    runThresholds: { 'a/furnace': 200, 'a/oven': 200, 'b/chiller': 20.5 },
  }).rules ?? []

/** What a rule must fire for; everything else that `points` holds must leave it quiet. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  'hours-gateway-silent': ['b/gw-silent'],
  'hours-coverage-yesterday': ['b'],
  'hours-run-without-change': ['a/forgotten'],
  'hours-fault': ['a/broken'],
  'hours-power-while-off': ['a/lamp', 'a/oven', 'b/chiller'],
  'hours-clock-offset': ['a/gw-fast', 'a/gw-slow'],
  'hours-unknown-growing': ['a/blind'],
}

const point = (
  measurement: SeriesPoint['measurement'],
  key: string,
  at: number,
  fields: SeriesPoint['fields'],
): SeriesPoint => {
  const [site = '', id = ''] = key.split('/')
  return {
    measurement,
    tags: { site, [measurement === 'gateway' ? 'gateway' : 'instrument']: id },
    fields,
    at,
  }
}

const since = (first: number, last: number, step: number): number[] =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step)

/** Hours of an instrument, the newest last, each with so many ms of a state. */
const hours = (key: string, field: string, ms: readonly number[], now: number): SeriesPoint[] =>
  ms.map((value, i) =>
    point('usage_hourly', key, (Math.floor(now / HOUR) - (ms.length - 1 - i)) * HOUR, {
      [field]: { i: value },
    }),
  )

const gateway = (key: string, at: readonly number[], online: number, offset = 0) =>
  at.map((when) => point('gateway', key, when, { online: { i: online }, offset_ms: { i: offset } }))

const watts = (key: string, each: readonly number[], now: number) =>
  each.map((w, i) => point('power', key, now - (i + 2) * MINUTE, { w: { f: w } }))

const stated = (key: string, states: readonly string[], now: number) =>
  states.map((state, i) => point('state', key, now - (i + 1) * 10 * MINUTE, { state: { s: state } }))

/** What should fire beside what nearly should, for each alert. */
function pointsOf(now: number): SeriesPoint[] {
  const lately = since(now - 6 * HOUR + MINUTE, now - MINUTE, MINUTE)
  const day = (site: string, off: number, unknown: number) =>
    point('usage_daily', `${site}/day`, now - 36 * HOUR, {
      ...{ off_ms: { i: off }, standby_ms: { i: 0 }, run_ms: { i: 0 }, fault_ms: { i: 0 } },
      unknown_ms: { i: unknown },
    })
  const run = Array.from({ length: 30 }, () => HOUR)
  return [
    ...gateway('a/gw-on', lately, 1, 900),
    ...gateway('a/gw-fast', lately, 1, 1_500),
    ...gateway('a/gw-slow', lately, 1, -1_500),
    ...gateway('b/gw-silent', lately, 0),
    ...[day('a', 960, 40), day('b', 940, 60)],
    ...hours('a/forgotten', 'run_ms', run, now),
    ...hours('a/magnet', 'run_ms', run, now),
    ...hours('a/paused', 'run_ms', run.with(15, HOUR - MINUTE), now),
    ...hours('a/new', 'run_ms', run.slice(0, 20), now),
    ...hours('a/broken', 'fault_ms', [20 * MINUTE], now),
    ...hours('a/coughed', 'fault_ms', [10 * MINUTE], now),
    ...hours('a/blind', 'unknown_ms', [HOUR, HOUR, HOUR, HOUR], now),
    ...hours('a/blinked', 'unknown_ms', [HOUR, HOUR], now),
    // Of a site whose gateway is silent: that alert says it already.
    ...hours('b/blind', 'unknown_ms', [HOUR, HOUR, HOUR, HOUR], now),
    ...[...watts('a/lamp', [150, 160], now), ...stated('a/lamp', ['off', 'off'], now)],
    ...[...watts('a/dark', [50, 60], now), ...stated('a/dark', ['off'], now)],
    ...[...watts('a/dipped', [150, 40], now), ...stated('a/dipped', ['off'], now)],
    ...[...watts('a/busy', [150, 160], now), ...stated('a/busy', ['run'], now)],
    ...[...watts('a/ended', [150, 160], now), ...stated('a/ended', ['off', 'run'], now)],
    // With thresholds of their own: above the fleet's and below it.
    ...[...watts('a/furnace', [150, 160], now), ...stated('a/furnace', ['off'], now)],
    ...[...watts('a/oven', [250, 260], now), ...stated('a/oven', ['off'], now)],
    ...[...watts('b/chiller', [30, 31], now), ...stated('b/chiller', ['off'], now)],
  ]
}

/** A part of Grafana's server-side expressions: reduce by the last value, math over series that share their labels. */
function fires(expression: string, answers: ReadonlyMap<string, readonly Series[]>): Labels[] {
  const [first = [], ...others] = [...answers.values()]
  const valueIn = (name: string, labels: Labels) =>
    answers.get(name)?.find((one) => Object.entries(one.labels).every(([tag, is]) => labels[tag] === is))
      ?.value
  const holds = (text: string, labels: Labels): boolean => {
    const [, left = '', sign, right = ''] = /^(\S+) (<|>|==) (\S+)$/.exec(text.trim()) ?? []
    const [a = Number.NaN, b = Number.NaN] = [left, right].map((side) => {
      const name = /^\$\{last(\w+)\}$/.exec(side)?.[1]
      return name === undefined ? Number(side) : valueIn(name, labels)
    })
    if (sign === undefined) throw new Error(`${text} is no comparison that this knows`)
    return sign === '<' ? a < b : sign === '>' ? a > b : a === b
  }
  const isJoined = (labels: Labels) =>
    others.length === 0 || [...answers.keys()].every((name) => valueIn(name, labels) !== undefined)
  return first
    .map(({ labels }) => labels)
    .filter(isJoined)
    .filter((labels) =>
      expression.split('||').some((all) => all.split('&&').every((one) => holds(one, labels))),
    )
}

describe.runIf(hasInfluxd)('alerts on a real influxd', () => {
  let influxd: Influxd
  let series: InfluxSeries
  beforeAll(async () => {
    influxd = await startInfluxd()
    series = createInfluxSeries({ url: influxd.url })
    await series.write(pointsOf(Date.now()))
  }, 60_000)
  afterAll(async () => {
    await series.close()
    await influxd.remove()
  })

  /** The last value of each series, as a rule reduces it. */
  async function answerTo(query: string): Promise<Series[]> {
    const found = new Map<string, Series>()
    for (const row of await series.query(query)) {
      const labels: Record<string, string> = {}
      let value: number | undefined
      for (const [name, is] of Object.entries(row))
        if (name !== 'time' && typeof is === 'string') labels[name] = is
        else if (name !== 'time' && typeof is === 'number') value = is
      if (value !== undefined) found.set(JSON.stringify(labels), { labels, value })
    }
    return [...found.values()]
  }

  it.each(rules.map((rule) => ({ uid: rule.uid ?? '', data: rule.data })))(
    '$uid fires for what it names and for nothing beside it',
    async ({ uid, data }) => {
      const answers = new Map<string, readonly Series[]>()
      let expression = ''
      for (const { refId = '', model } of data) {
        const one = model as { query?: string; type?: string; expression?: string }
        if (one.query !== undefined) answers.set(refId, await answerTo(one.query))
        else if (one.type === 'math') expression = one.expression ?? ''
      }
      const found = fires(expression, answers).map(({ site, instrument, gateway: id }) =>
        [site, instrument ?? id].filter((part) => part !== undefined).join('/'),
      )
      expect(found.sort()).toEqual(wanted[uid])
    },
  )

  it('no answer at all is an alarm where gateways are expected, and peace elsewhere', () => {
    const loud = rules.filter(({ noDataState }) => noDataState === 'Alerting').map(({ uid }) => uid)
    expect(loud).toEqual(['hours-gateway-silent'])
  })
})
