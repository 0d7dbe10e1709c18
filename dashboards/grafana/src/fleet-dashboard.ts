import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard'
import { board, built, coverageSteps, periodChoice, whichInstruments } from './board.ts'
import type { ClassicDashboard } from './classic.ts'
import { chosen, enrolledMs, hour, inZone, knownMs, onMs, percent, ranked, share } from './influxql.ts'
import { pageLink } from './page-links.ts'
import type { DashboardOptions } from './options.ts'
import { figure, ranking, stateBars, table } from './panels.ts'
import { say, type Text } from './texts.ts'

export const fleetUid = 'hours-fleet'
export const instrumentUid = 'hours-instrument'

/** Hours, utilization, coverage and sharing of everything chosen, and who ranks where. */
export function fleetDashboard(options: DashboardOptions): ClassicDashboard {
  const l = (text: Text) => say(text, options.language)
  const builder = board(fleetUid, ['Fleet', '仪器总览'], options).time({ from: 'now-30d', to: 'now' })
  whichInstruments(builder, options, false)
  builder
    .withVariable(periodChoice(options))
    .withPanel(figure(l(['Power-on hours', '开机机时']), 'h', sumOf('on', onMs)))
    .withPanel(figure(l(['Run hours', '运行机时']), 'h', sumOf('run', 'sum("run_ms")')))
    .withPanel(figure(l(['Effective hours', '有效机时']), 'h', sumOf('effective', 'sum("effective_ms")')))
    .withPanel(
      figure(
        l(['Utilization (calendar)', '利用率（日历）']),
        'percent',
        percent('utilization', 'sum("effective_ms")', enrolledMs),
      ),
    )
    .withPanel(
      figure(
        l(['Sharing rate (hours)', '共享率（机时）']),
        'percent',
        percent('sharing', 'sum("external_ms")', 'sum("effective_ms")'),
      ),
    )
    .withPanel(
      figure(l(['Coverage', '覆盖率']), 'percent', percent('coverage', knownMs, enrolledMs)).thresholds(
        coverageSteps,
      ),
    )
    .withPanel(stateBars(l(['Hours by state', '各状态机时']), byPeriod))
    .withPanel(
      ranking(
        l(['Most run hours', '运行机时最多']),
        'h',
        ranked('top', 20, [['run', `sum("run_ms") / ${hour}`]]),
      ),
    )
    .withPanel(
      ranking(
        l(['Least coverage', '覆盖率最低']),
        'percent',
        ranked('bottom', 20, [['coverage', share(knownMs, enrolledMs)]]),
      ).thresholds(coverageSteps),
    )
    .withPanel(
      table(
        l(['Instruments (the 200 with most run hours)', '仪器（运行机时前 200）']),
        ranked('top', 200, [
          ['run h', `sum("run_ms") / ${hour}`],
          ['on h', `(${onMs}) / ${hour}`],
          ['effective h', `sum("effective_ms") / ${hour}`],
          ['external h', `sum("external_ms") / ${hour}`],
          ['unknown h', `sum("unknown_ms") / ${hour}`],
          ['coverage %', share(knownMs, enrolledMs)],
        ]),
      ).dataLinks(instrumentLinks(options)),
    )
  return built(builder)
}

const sumOf = (name: string, expression: string) =>
  `SELECT (${expression}) / ${hour} AS "${name}" FROM "usage_daily" WHERE ${chosen}`

const states = ['run', 'standby', 'off', 'fault', 'unknown']
const byPeriod = `SELECT ${states.map((state) => `sum("${state}_ms") / ${hour} AS "${state}"`).join(', ')} FROM "usage_daily" WHERE ${chosen} GROUP BY time(\${period:raw}) fill(none) ${inZone}`

/** From a row to the instrument's dashboard and, where it is known, to the built-in page. */
function instrumentLinks(options: DashboardOptions) {
  const { language } = options
  const row = 'var-site=${__data.fields.site}&var-instrument=${__data.fields.instrument}'
  const dashboard = new DashboardLinkBuilder(say(['Instrument', '仪器'], language))
    .type(DashboardLinkType.Link)
    .url(`/d/${instrumentUid}?${row}&\${__url_time_range}`)
  const evidence = pageLink(options, ['Evidence on the built-in page', '内置页面的证据'], {
    site: '${__data.fields.site}',
    instrument: '${__data.fields.instrument}',
  })
  return [dashboard, ...evidence]
}
