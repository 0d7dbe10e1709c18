import {
  CustomVariableBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  ConstantVariableBuilder,
  MappingType,
  QueryVariableBuilder,
  type ThresholdsConfig,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import { ClassicBuilder, type ClassicDashboard } from './classic.ts'
import { datasource } from './influxql-query.ts'
import { among } from './influxql.ts'
import { pageLink } from './page-links.ts'
import type { DashboardOptions } from './options.ts'
import { say, type Text } from './texts.ts'

/** The colours of the states, the same as on the built-in page. */
export const stateColors = {
  run: '#1f7a4d',
  standby: '#c9a227',
  off: '#8a8f98',
  fault: '#c0392b',
  unknown: '#b8a9d9',
} as const

export const stateMappings: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(stateColors).map(([state, color], index) => [state, { text: state, color, index }]),
    ),
  },
]

/**
 * A dashboard with what all of ours share: links between them and to the built-in page (of the chosen instrument where
 * there is `one`), the zone, no way to be edited into something else.
 */
export function board(uid: string, title: Text, options: DashboardOptions, one = false): ClassicBuilder {
  const mark = options.simulated ? 'SIMULATED · ' : ''
  const builder = new ClassicBuilder(`${mark}${say(title, options.language)}`)
    .uid(uid)
    .tags(['instrument-hours', ...(options.simulated ? ['simulated'] : [])])
    .timezone(options.zone)
    .refresh('1m')
    .readonly()
    .link(
      new DashboardLinkBuilder('Instrument Hours')
        .type(DashboardLinkType.Dashboards)
        .tags(['instrument-hours'])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
    )
  const of = one ? { site: '${site}', instrument: '${instrument}' } : undefined
  for (const link of pageLink(options, ['Built-in page', '内置页面'], of)) builder.link(link)
  return builder
}

/** Builds it in the classic (v1) form, which Grafana 10 to 13 read from files; panels are numbered in their order. */
export function built(builder: ClassicBuilder): ClassicDashboard {
  const dashboard = builder.build()
  const panels = (dashboard.panels ?? []).map((panel, i) => ({ ...panel, id: i + 1 }))
  return { ...dashboard, panels, schemaVersion: 39 }
}

const queried = (name: string, label: string, query: string) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)

/** Site and instrument; `one` for the dashboard of a single instrument. */
export function whichInstruments(builder: ClassicBuilder, options: DashboardOptions, one: boolean): void {
  const l = (text: Text) => say(text, options.language)
  builder.withVariable(organisationChoice(options))
  builder.withVariable(constant('zone', options.zone))
  const site = queried('site', l(['Site', '站点']), 'SHOW TAG VALUES FROM "usage_daily" WITH KEY = "site"')
  const instrument = queried(
    'instrument',
    l(['Instrument', '仪器']),
    'SHOW TAG VALUES FROM "usage_daily" WITH KEY = "instrument" WHERE "site" =~ /^$site$/ AND ${organisation:raw}',
  )
  if (one) builder.withVariable(site).withVariable(instrument)
  else
    builder
      .withVariable(site.multi(true).includeAll(true).allValue('.*'))
      .withVariable(instrument.multi(true).includeAll(true).allValue('.*'))
}

export const constant = (name: string, value: string) => new ConstantVariableBuilder(name).value(value)

/** A condition that always holds. */
const everything = '"site" =~ /.*/'

/**
 * Organisations change their instruments by date and so are no tags (stores.md): the choice holds a condition on sites and
 * ids, as they stand when the dashboards are emitted.
 */
function organisationChoice({ organisations, language }: DashboardOptions) {
  const all = say(['All', '全部'], language)
  const choices = [
    { text: all, value: everything },
    ...organisations
      .filter(({ sites, instruments }) => sites.length + instruments.length > 0)
      .map((one) => ({ text: one.name.replaceAll(/[,:]/g, ' '), value: among(one) })),
  ]
  return new CustomVariableBuilder('organisation')
    .label(say(['Organisation', '单位'], language))
    .values(choices.map(({ text, value }) => `${text} : ${value}`).join(', '))
    .current({ selected: true, text: all, value: everything })
    .options(choices.map(({ text, value }, i) => ({ selected: i === 0, text, value })))
    .hide(organisations.length === 0 ? VariableHide.HideVariable : VariableHide.DontHide)
}

/** The length of the bars: a day, a week, 30 days. */
export const periodChoice = (options: DashboardOptions) =>
  choice('period', say(['Period', '周期'], options.language), ['1d', '7d', '30d'])

export const choice = (name: string, label: string, values: readonly string[]) =>
  new CustomVariableBuilder(name)
    .label(label)
    .values(values.join(','))
    .current({ selected: true, text: values[0] ?? '', value: values[0] ?? '' })
    .options(values.map((value, i) => ({ selected: i === 0, text: value, value })))

/** Colours from the value on; the first step holds below all. */
export const thresholds = (
  steps: readonly (readonly [value: number | null, color: string])[],
): Builder<ThresholdsConfig> =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })))

/** Grades of coverage (domain.md, 4.4): A from 99 %, B from 95 %, C from 80 %, below it is not verifiable. */
export const coverageSteps = thresholds([
  [null, '#c0392b'],
  [80, '#c9a227'],
  [95, '#7cb342'],
  [99, '#1f7a4d'],
])
