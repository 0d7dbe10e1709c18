import {
  BarGaugeDisplayMode,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common'
import { GraphDrawStyle } from '@grafana/grafana-foundation-sdk/common'
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge'
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'
import { stateColors } from './board.ts'
import { datasource, influxQuery } from './influxql-query.ts'

const newest = () => new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false)

/** One number; "n/a" where there is none, never 0. */
export const figure = (title: string, unit: 'h' | 'percent' | 'short', query: string): Stat =>
  new Stat()
    .title(title)
    .datasource(datasource)
    .unit(unit)
    .decimals(unit === 'short' ? 0 : unit === 'h' ? 1 : 2)
    .noValue('n/a')
    .reduceOptions(newest())
    .withTarget(influxQuery('A', query))
    .span(4)
    .height(4)

/** A ranking: one bar a row of a table query, named by its instrument. */
export const ranking = (title: string, unit: 'h' | 'percent', query: string): BarGauge =>
  new BarGauge()
    .title(title)
    .datasource(datasource)
    .unit(unit)
    .decimals(1)
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    // Each row of the table is a bar; without this Grafana shows the last one alone.
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(true).limit(25))
    .withTarget(influxQuery('A', query, { format: 'table' }))
    .span(12)
    .height(12)

export const table = (title: string, query: string): Table =>
  new Table()
    .title(title)
    .datasource(datasource)
    .decimals(2)
    .filterable(true)
    .withTarget(influxQuery('A', query, { format: 'table' }))
    .overrideByName('Time', [{ id: 'custom.hidden', value: true }])
    .span(24)
    .height(12)

/** Bars of the states' hours on top of each other; the query names its columns as the states. */
export function stateBars(title: string, query: string): TimeSeries {
  const panel = new TimeSeries()
    .title(title)
    .datasource(datasource)
    .unit('h')
    .decimals(1)
    .drawStyle(GraphDrawStyle.Bars)
    .fillOpacity(85)
    .lineWidth(0)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
    .withTarget(influxQuery('A', query, { alias: '$col' }))
    .span(24)
    .height(9)
  for (const [state, color] of Object.entries(stateColors)) panel.overrideByName(state, [colored(color)])
  return panel
}

export const colored = (fixedColor: string): DynamicConfigValue => ({
  id: 'color',
  value: { mode: 'fixed', fixedColor },
})

export const lines = (title: string, unit: string, query: string, alias: string): TimeSeries =>
  new TimeSeries()
    .title(title)
    .datasource(datasource)
    .unit(unit)
    .withTarget(influxQuery('A', query, { alias }))
    .span(12)
    .height(8)
