import {
  GraphDrawStyle,
  HeatmapCalculationOptionsBuilder,
  VisibilityMode,
} from '@grafana/grafana-foundation-sdk/common'
import { type DataTransformerConfig, TextBoxVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as Heatmap } from '@grafana/grafana-foundation-sdk/heatmap'
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'
import { board, built, coverageSteps, stateMappings, whichInstruments } from './board.ts'
import { instrumentUid } from './fleet-dashboard.ts'
import { datasource, influxQuery } from './influxql-query.ts'
import type { ClassicDashboard } from './classic.ts'
import { chosen, enrolledMs, hour, knownMs, onMs, percent } from './influxql.ts'
import type { DashboardOptions } from './options.ts'
import { colored, figure, stateBars, table } from './panels.ts'
import { say, type Text } from './texts.ts'

/** One instrument: its states, its days, its power, and when in the week it runs. */
export function instrumentDashboard(options: DashboardOptions): ClassicDashboard {
  const l = (text: Text) => say(text, options.language)
  const builder = board(instrumentUid, ['Instrument', '单台仪器'], options, true).time({
    from: 'now-7d',
    to: 'now',
  })
  whichInstruments(builder, options, true)
  builder
    .withVariable(
      new TextBoxVariableBuilder('run_w')
        .label(l(['Run threshold (W)', '运行阈值（W）']))
        .defaultValue(String(options.runWatts)),
    )
    .withPanel(
      new StateTimeline()
        .title(l(['States (from signed pages)', '状态（来自签名页）']))
        .datasource(datasource)
        .mappings(stateMappings)
        .mergeValues(true)
        .showValue(VisibilityMode.Never)
        .withTarget(
          influxQuery('A', `SELECT "state" FROM "state" WHERE ${chosen} ORDER BY time ASC`, {
            alias: '$tag_instrument',
          }),
        )
        .span(24)
        .height(5),
    )
    .withPanel(figure(l(['Power-on hours', '开机机时']), 'h', sumOf('on', onMs)).span(6))
    .withPanel(figure(l(['Run hours', '运行机时']), 'h', sumOf('run', 'sum("run_ms")')).span(6))
    .withPanel(
      figure(
        l(['Sharing rate', '共享率']),
        'percent',
        percent('sharing', 'sum("external_ms")', 'sum("effective_ms")'),
      ).span(6),
    )
    .withPanel(
      figure(l(['Coverage', '覆盖率']), 'percent', percent('coverage', knownMs, enrolledMs))
        .thresholds(coverageSteps)
        .span(6),
    )
    .withPanel(stateBars(l(['Hours of each day', '每日机时']), byDay))
    .withPanel(powerPanel(l(['Power', '功率'])))
    .withPanel(
      new Heatmap()
        .title(l(['Where its power lies', '功率分布']))
        .description(l(['To place thresholds: the gaps between bands.', '阈值宜设在各带之间。']))
        .datasource(datasource)
        .calculate(true)
        .calculation(new HeatmapCalculationOptionsBuilder())
        .withTarget(
          influxQuery(
            'A',
            `SELECT mean("w") AS "W" FROM "power" WHERE ${chosen} GROUP BY time($__interval) fill(none)`,
            { alias: 'W' },
          ),
        )
        .span(12)
        .height(9),
    )
    .withPanel(weekPanel(l(['Run share by hour of the week, this year (%)', '本年每周各时段运行占比（%）'])))
  return built(builder)
}

const sumOf = (name: string, expression: string) =>
  `SELECT (${expression}) / ${hour} AS "${name}" FROM "usage_daily" WHERE ${chosen}`

const byDay = `SELECT ${['run', 'standby', 'off', 'fault', 'unknown']
  .map((state) => `"${state}_ms" / ${hour} AS "${state}"`)
  .join(', ')} FROM "usage_daily" WHERE ${chosen}`

function powerPanel(title: string): TimeSeries {
  const steps = `FROM "power" WHERE ${chosen} GROUP BY time($__interval) fill(null)`
  return new TimeSeries()
    .title(title)
    .datasource(datasource)
    .unit('watt')
    .drawStyle(GraphDrawStyle.Line)
    .withTarget(
      influxQuery('A', `SELECT mean("w") AS "mean", min("wmin") AS "min", max("wmax") AS "max" ${steps}`, {
        alias: '$col',
      }),
    )
    .withTarget(
      influxQuery('B', `SELECT mean("w") * 0 + \${run_w:raw} AS "run threshold" ${steps}`, { alias: '$col' }),
    )
    .overrideByName('run threshold', [
      colored('#c0392b'),
      { id: 'custom.lineStyle', value: { fill: 'dash' } },
    ])
    .span(12)
    .height(9)
}

/** InfluxQL has no weekday: 168 values by their number, folded to rows of days and columns of hours in Grafana. */
function weekPanel(title: string) {
  const year = chosen.replace('$timeFilter', 'time > now() - 366d')
  const query = `SELECT 100.0 * "run_ms" / "known_ms" AS "share", "how" FROM "usage_week_hour" WHERE ${year} AND "known_ms" > 0`
  return table(title, query)
    .transformations(weekTransformations)
    .overrideByRegexp('^([01]?[0-9]|2[0-3])$', [
      { id: 'custom.cellOptions', value: { type: 'color-background' } },
      { id: 'color', value: { mode: 'continuous-greens' } },
      { id: 'decimals', value: 0 },
    ])
    .min(0)
    .max(100)
}

const binary = (left: string, operator: string, right: string, alias: string): DataTransformerConfig => ({
  id: 'calculateField',
  options: { mode: 'binary', binary: { left, operator, right }, alias },
})
const weekTransformations: DataTransformerConfig[] = [
  {
    id: 'convertFieldType',
    options: { conversions: [{ targetField: 'how', destinationType: 'number' }] },
  },
  binary('how', '/', '24', 'days'),
  {
    id: 'calculateField',
    options: { mode: 'unary', unary: { operator: 'floor', fieldName: 'days' }, alias: 'day' },
  },
  binary('day', '*', '24', 'midnight'),
  binary('how', '-', 'midnight', 'hour'),
  { id: 'groupingToMatrix', options: { rowField: 'day', columnField: 'hour', valueField: 'share' } },
]
