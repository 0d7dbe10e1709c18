import type { ClassicDashboard } from '@hours/grafana'

/** One query of a panel, a variable or an alert. */
export interface FoundQuery {
  readonly where: string
  readonly query: string
  /** The variables it may name. */
  readonly list: readonly Variable[]
}

interface Target {
  readonly refId?: string
  readonly query?: string
}

type Variable = NonNullable<ClassicDashboard['templating']['list']>[number]

/** Every InfluxQL of a dashboard: panels (rows included) and variables. */
export function queriesOf(name: string, dashboard: ClassicDashboard): FoundQuery[] {
  const panels = (dashboard.panels ?? []) as { title?: string; targets?: Target[] }[]
  const list = dashboard.templating.list ?? []
  const ofPanels = panels.flatMap(({ title = '', targets = [] }) =>
    targets.map(({ refId, query }) => ({
      where: `${name} / ${title} / ${refId ?? ''}`,
      query: query ?? '',
      list,
    })),
  )
  const ofVariables = list
    .filter(({ type }) => (type as string) === 'query')
    .map((variable) => ({
      where: `${name} / variable ${variable.name}`,
      query: variable.query as string,
      list,
    }))
  return [...ofPanels, ...ofVariables]
}

interface Expanding {
  readonly from: number
  readonly to: number
  readonly interval?: string
  readonly list: readonly Variable[]
  /** What somebody chose; else All, or what a variable begins with. */
  readonly choices?: Readonly<Record<string, string | readonly string[]>>
  /** Whose rules: 10 escapes every value, later ones those in a regular expression or of several choices. */
  readonly grafana?: 10 | 13
}

/** What Grafana's InfluxDB data source makes of a raw query (macros and variables) before it is sent. */
export function expand(query: string, options: Expanding): string {
  const { from, to, interval = '5m', list, choices = {}, grafana = 13 } = options
  const text = query
    .replaceAll('$timeFilter', `time >= ${from}ms and time <= ${to}ms`)
    .replaceAll('$__interval', interval)
  return text.replaceAll(
    /\$(\w+)|\$\{(\w+)(?::(\w+))?\}/g,
    (whole, plain?: string, name = plain, format?: string) => {
      const variable = list.find((one) => one.name === name)
      if (!variable) throw new Error(`${whole} is left in ${query}`)
      const value = choices[variable.name] ?? valueOf(variable)
      if (value === variable.allValue) return variable.allValue
      if (format === 'raw') return String(value)
      const inRegex = new RegExp(`/\\^?.*\\$${variable.name}.*\\$?/`).test(query)
      if (typeof value !== 'string') return `(${value.map(escaped).join('|')})`
      return grafana === 10 || variable.multi === true || inRegex ? escaped(value) : value
    },
  )
}

/** Constants and text boxes begin with what is asked of them. */
function valueOf(variable: Variable): string {
  if (variable.allValue != null) return variable.allValue
  const begin = variable.current?.value ?? variable.query
  if (typeof begin !== 'string') throw new Error(`variable ${variable.name} begins with nothing`)
  return begin
}

const escaped = (value: string) => value.replaceAll(/[\\^$*+?.()|[\]{}/]/g, '\\$&')
