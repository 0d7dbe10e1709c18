import {
  QueryBuilder,
  type Rule,
  RuleBuilder,
  type RuleGroup,
  RuleGroupBuilder,
} from '@grafana/grafana-foundation-sdk/alerting'
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import { type Alert, alertsOf } from './alert-list.ts'
import { datasourceUid, influxQuery } from './influxql-query.ts'
import type { DashboardOptions } from './options.ts'
import { say } from './texts.ts'

export const folderUid = 'instrument-hours'
export const alertGroup = 'instrument-hours'

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
