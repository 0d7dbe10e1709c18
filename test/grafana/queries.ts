import type { ClassicDashboard } from '@hours/grafana'

/** One query of a panel, a variable or an alert. */
export interface FoundQuery {
  readonly where: string
  readonly query: string
}

interface Target {
  readonly refId?: string
  readonly query?: string
}

/** Every InfluxQL of a dashboard: panels (rows included) and variables. */
export function queriesOf(name: string, dashboard: ClassicDashboard): FoundQuery[] {
  const panels = (dashboard.panels ?? []) as { title?: string; targets?: Target[] }[]
  const ofPanels = panels.flatMap(({ title = '', targets = [] }) =>
    targets.map(({ refId, query }) => ({
      where: `${name} / ${title} / ${refId ?? ''}`,
      query: query ?? '',
    })),
  )
  const ofVariables = (dashboard.templating.list ?? [])
    .filter(({ type }) => (type as string) === 'query')
    .map((variable) => ({
      where: `${name} / variable ${variable.name}`,
      query: variable.query as string,
    }))
  return [...ofPanels, ...ofVariables]
}

/** What Grafana's InfluxDB data source makes of a raw query (macros and variables) before it is sent. */
export function expand(
  query: string,
  {
    from,
    to,
    interval = '5m',
    variables = {},
  }: {
    from: number
    to: number
    interval?: string
    variables?: Readonly<Record<string, string>>
  },
): string {
  const all: Record<string, string> = {
    site: '.*',
    instrument: '.*',
    organisation: '.*',
    zone: 'Asia/Shanghai',
    period: '1d',
    quota: '1400',
    run_w: '100',
    ...variables,
  }
  const text = query
    .replaceAll('$timeFilter', `time >= ${from}ms and time <= ${to}ms`)
    .replaceAll('$__interval', interval)
  const expanded = text.replaceAll(/\$(\w+)/g, (whole, name: string) => all[name] ?? whole)
  const left = /\$(?:\w+|\{)/.exec(expanded)
  if (left) throw new Error(`${left[0]} is left in ${expanded}`)
  return expanded
}
