import { among, butFor, enrolledMs, hourMs, knownMs, share } from './influxql.ts'
import type { DashboardOptions } from './options.ts'
import type { Text } from './texts.ts'

export interface Alert {
  readonly uid: string
  readonly title: Text
  readonly summary: Text
  /**
   * Queries by name; each gives one number a series. Where a fleet is asked, the server gives the offenders alone: a rule
   * of ten thousand series is evaluated once a minute.
   */
  readonly queries: Readonly<Record<string, string>>
  /** Fires where this is not 0; queries are `$A`, `$B` ... reduced to their newest value, joined by their labels. */
  readonly fires: string
  /** Seconds of the past that the queries look at. */
  readonly lookBack: number
  /** How long it must hold, such as `5m`. */
  readonly holds: string
  /** What no data at all means. */
  readonly nothing: 'Alerting' | 'OK'
  readonly severity: 'critical' | 'warning'
}

const each = 'GROUP BY "site", "instrument"'

/** Instruments whose sum, least or count in `inner` is as `wanted` says. */
const offenders = (inner: string, wanted: string) =>
  `SELECT "v" FROM (SELECT ${inner} ${each}) WHERE ${wanted} ${each}`

/**
 * Pages come up to 15 min late and the days they change are told up to 15 min later: what is asked of states looks this
 * far back.
 */
const stateWindow = '60m'

/** One alert for each cause (stores.md); the gateways that are expected are those that ingest reports on every minute. */
export const alertsOf = (options: DashboardOptions): Alert[] => [
  {
    uid: 'hours-gateway-silent',
    title: ['Gateway silent', '网关失联'],
    summary: [
      '{{ $labels.gateway }} at {{ $labels.site }} is not heard: its time is unknown.',
      '{{ $labels.site }} 的网关 {{ $labels.gateway }} 失联：其时间记为未知。',
    ],
    queries: {
      A: 'SELECT last("online") FROM "gateway" WHERE time > now() - 10m GROUP BY "site", "gateway"',
    },
    fires: '$A < 1',
    lookBack: 600,
    holds: '5m',
    nothing: 'Alerting',
    severity: 'critical',
  },
  {
    uid: 'hours-coverage-yesterday',
    title: ['Coverage of yesterday below 95 %', '昨日覆盖率低于 95 %'],
    summary: [
      'Yesterday is known by less than 95 % at {{ $labels.site }}.',
      '{{ $labels.site }} 昨日已知时间不足 95 %。',
    ],
    // Days stand at local midnight: yesterday's is more than a day ago and less than two.
    queries: {
      A: `SELECT ${share(knownMs, enrolledMs)} FROM "usage_daily" WHERE time > now() - 48h AND time <= now() - 24h GROUP BY "site"`,
    },
    fires: '$A < 95',
    lookBack: 172_800,
    holds: '0s',
    nothing: 'OK',
    severity: 'warning',
  },
  {
    uid: 'hours-run-without-change',
    title: ['Running for over 24 h without change', '连续运行超过 24 小时'],
    summary: [
      '{{ $labels.instrument }} runs since more than 24 h: a threshold too low, or forgotten?',
      '{{ $labels.instrument }} 已连续运行超过 24 小时：阈值过低或忘记关机？',
    ],
    // The 24 whole hours that ended an hour ago or earlier, each of them run from its begin to its end.
    queries: {
      A: offenders(
        `min("run_ms") AS "v", count("run_ms") AS "hours" FROM "usage_hourly" WHERE time > now() - 26h AND time <= now() - 2h${notAlwaysOn(options)}`,
        `"v" >= ${hourMs} AND "hours" >= 24`,
      ),
    },
    fires: '$A > 0',
    lookBack: 93_600,
    holds: '0s',
    nothing: 'OK',
    severity: 'warning',
  },
  {
    uid: 'hours-fault',
    title: ['Fault for over 15 min', '故障超过 15 分钟'],
    summary: [
      '{{ $labels.instrument }} has been in fault for over 15 min of the last two hours.',
      '{{ $labels.instrument }} 近两小时故障超过 15 分钟。',
    ],
    queries: {
      A: offenders('sum("fault_ms") AS "v" FROM "usage_hourly" WHERE time > now() - 2h', '"v" > 900000'),
    },
    fires: '$A > 900000',
    lookBack: 7_200,
    holds: '0s',
    nothing: 'OK',
    severity: 'critical',
  },
  {
    uid: 'hours-power-while-off',
    title: ['Power above the run threshold while off', '状态为关机但功率高于运行阈值'],
    summary: [
      '{{ $labels.instrument }} draws power although its contact says off: check the sensor.',
      '{{ $labels.instrument }} 显示关机却有功耗：请检查传感器。',
    ],
    queries: {
      A: powerAbove(options),
      B: `SELECT count("state") FROM "state" WHERE "state" = 'off' AND time > now() - ${stateWindow} ${each}`,
      C: `SELECT count("state") FROM "state" WHERE time > now() - ${stateWindow} ${each}`,
    },
    fires: '$A > 0 && $B == $C',
    lookBack: 3_600,
    holds: '5m',
    nothing: 'OK',
    severity: 'warning',
  },
  {
    uid: 'hours-clock-offset',
    title: ['Clock of a gateway is off', '网关时钟偏差'],
    summary: [
      '{{ $labels.gateway }} is off by more than a second: its pages are less sure.',
      '网关 {{ $labels.gateway }} 时钟偏差超过 1 秒。',
    ],
    queries: {
      A: 'SELECT last("offset_ms") FROM "gateway" WHERE time > now() - 10m GROUP BY "site", "gateway"',
    },
    fires: '$A > 1000 || $A < -1000',
    lookBack: 600,
    holds: '10m',
    nothing: 'OK',
    severity: 'warning',
  },
  {
    uid: 'hours-unknown-growing',
    title: ['Unknown hours growing', '未知机时增长'],
    summary: [
      'More than 3 of the last 6 hours of {{ $labels.instrument }} are unknown, though gateways are heard.',
      '{{ $labels.instrument }} 近 6 小时中超过 3 小时未知，而网关在线。',
    ],
    // A gateway that was silent for half of the time explains it, and has an alert of its own.
    queries: {
      A: offenders(
        'sum("unknown_ms") AS "v" FROM "usage_hourly" WHERE time > now() - 6h',
        `"v" > ${3 * hourMs}`,
      ),
      B: 'SELECT min("heard") FROM (SELECT mean("online") AS "heard" FROM "gateway" WHERE time > now() - 6h GROUP BY "site", "gateway") GROUP BY "site"',
    },
    fires: `$A > ${3 * hourMs} && $B > 0.5`,
    lookBack: 21_600,
    holds: '15m',
    nothing: 'OK',
    severity: 'warning',
  },
]

const notAlwaysOn = ({ alwaysOn }: DashboardOptions) =>
  alwaysOn.length === 0 ? '' : ` AND ${butFor(alwaysOn)}`

/** Instruments that drew more than their own run threshold in every minute, with the least that they drew, W. */
function powerAbove({ runThresholds, runWatts }: DashboardOptions): string {
  const groups = Map.groupBy(Object.entries(runThresholds), ([, watts]) => roundedUp(watts))
  const known = Object.keys(runThresholds)
  const clauses = [
    { watts: runWatts, where: known.length === 0 ? '' : ` AND ${butFor(known)}` },
    ...[...groups].map(([watts, own]) => ({
      watts,
      where: ` AND ${among({ instruments: own.map(([key]) => key) })}`,
    })),
  ].map(({ watts, where }) => {
    const least = `SELECT min("w") AS "v" FROM "power" WHERE time > now() - ${stateWindow}${where} ${each}`
    return `(SELECT "v" FROM (${least}) WHERE "v" > ${watts} ${each})`
  })
  return `SELECT "v" FROM ${clauses.join(', ')} ${each}`
}

/** To two digits: thousands of instruments have some tens of thresholds. */
function roundedUp(watts: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(watts)) - 1)
  return Math.ceil(watts / step) * step
}
