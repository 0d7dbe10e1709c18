import {
  QueryBuilder,
  type Rule,
  RuleBuilder,
  type RuleGroup,
  RuleGroupBuilder,
} from '@grafana/grafana-foundation-sdk/alerting'
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import { datasourceUid, influxQuery } from './influxql-query.ts'
import { butFor, enrolledMs, hourMs, knownMs, share } from './influxql.ts'
import type { DashboardOptions } from './options.ts'
import { say, type Text } from './texts.ts'

export const folderUid = 'instrument-hours'
export const alertGroup = 'instrument-hours'

interface Alert {
  readonly uid: string
  readonly title: Text
  readonly summary: Text
  /** Queries by name; each gives one number a series. */
  readonly queries: Readonly<Record<string, string>>
  /** Fires where this is not 0; queries are `$A`, `$B` ... reduced to their newest value. */
  readonly fires: string
  /** Seconds of the past that the queries look at. */
  readonly lookBack: number
  /** How long it must hold, such as `5m`. */
  readonly holds: string
  /** What no data at all means. */
  readonly nothing: 'Alerting' | 'OK'
  readonly severity: 'critical' | 'warning'
}

const eachInstrument = 'GROUP BY "site", "instrument"'

/** One alert for each cause (stores.md); the expected set of gateways is what ingest reports on every minute. */
export function alertsOf({ alwaysOn, runWatts }: DashboardOptions): Alert[] {
  const notAlwaysOn = alwaysOn.length === 0 ? '' : ` AND ${butFor(alwaysOn)}`
  return [
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
      queries: {
        A: `SELECT sum("run_ms") FROM "usage_hourly" WHERE time > now() - 26h${notAlwaysOn} ${eachInstrument}`,
      },
      fires: `$A > ${24 * hourMs}`,
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
      queries: { A: `SELECT sum("fault_ms") FROM "usage_hourly" WHERE time > now() - 2h ${eachInstrument}` },
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
        A: `SELECT min("w") FROM "power" WHERE time > now() - 20m ${eachInstrument}`,
        B: `SELECT count("state") FROM "state" WHERE "state" = 'off' AND time > now() - 20m ${eachInstrument}`,
        C: `SELECT count("state") FROM "state" WHERE time > now() - 20m ${eachInstrument}`,
      },
      fires: `$A > ${runWatts} && $B == $C`,
      lookBack: 1_200,
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
        'More than 3 of the last 6 hours of {{ $labels.instrument }} are unknown.',
        '{{ $labels.instrument }} 近 6 小时中超过 3 小时未知。',
      ],
      queries: {
        A: `SELECT sum("unknown_ms") FROM "usage_hourly" WHERE time > now() - 6h ${eachInstrument}`,
      },
      fires: `$A > ${3 * hourMs}`,
      lookBack: 21_600,
      holds: '15m',
      nothing: 'OK',
      severity: 'warning',
    },
  ]
}

/** The alerts as Grafana's rule group. */
export function alertRules(options: DashboardOptions): RuleGroup {
  const group = new RuleGroupBuilder(alertGroup).folderUid(folderUid).interval(60)
  for (const alert of alertsOf(options)) group.withRule({ build: () => ruleOf(alert, options) })
  return group.build()
}

function ruleOf(alert: Alert, { language, simulated }: DashboardOptions): Rule {
  const rule = new RuleBuilder(`${simulated ? 'SIMULATED · ' : ''}${say(alert.title, language)}`)
    .uid(alert.uid)
    .folderUID(folderUid)
    .ruleGroup(alertGroup)
    .orgID(1)
    .forDuration(alert.holds)
    .noDataState(alert.nothing)
    .execErrState('Error')
    .labels({ source: 'instrument-hours', severity: alert.severity, simulated: String(simulated) })
    .annotations({ summary: say(alert.summary, language) })
    .condition('fires')
  let fires = alert.fires
  for (const [name, query] of Object.entries(alert.queries)) {
    rule.withQuery(query1(name, alert.lookBack, influxQuery(name, query, { format: 'time_series' })))
    rule.withQuery(
      query1(`last${name}`, 0, expression(`last${name}`, 'reduce', { expression: name, reducer: 'last' })),
    )
    fires = fires.replaceAll(`$${name}`, `$\{last${name}}`)
  }
  return rule.withQuery(query1('fires', 0, expression('fires', 'math', { expression: fires }))).build()
}

const query1 = (refId: string, from: number, model: Builder<Dataquery>) =>
  new QueryBuilder(refId)
    .datasourceUid(from === 0 ? '__expr__' : datasourceUid)
    .relativeTimeRange({ from, to: 0 })
    .model(model)

const expression = (
  refId: string,
  type: 'reduce' | 'math',
  more: Record<string, string>,
): Builder<Dataquery> => ({
  build: () =>
    ({
      refId,
      type,
      datasource: { type: '__expr__', uid: '__expr__' },
      ...more,
      // As above: the SDK's mark of a query is no part of the JSON.
    }) as unknown as Dataquery,
})
