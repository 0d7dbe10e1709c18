import { board, built, thresholds, whichInstruments } from './board.ts'
import type { ClassicDashboard } from './classic.ts'
import { chosen, hour, inZone, ranked } from './influxql.ts'
import type { DashboardOptions } from './options.ts'
import { figure, lines, ranking, table } from './panels.ts'
import { say, type Text } from './texts.ts'

export const gatewaysUid = 'hours-gateways'

const here = '$timeFilter AND "site" =~ /^$site$/'
const eachGateway = 'GROUP BY time($__interval), "site", "gateway" fill(none)'

/** What is late, what is missing, whose clock is off: every channel that hours come through. */
export function gatewaysDashboard(options: DashboardOptions): ClassicDashboard {
  const l = (text: Text) => say(text, options.language)
  const builder = board(gatewaysUid, ['Gateways and channels', '网关与通道'], options).time({
    from: 'now-24h',
    to: 'now',
  })
  whichInstruments(builder, options, false)
  const bad = thresholds([
    [null, '#1f7a4d'],
    [1, '#c0392b'],
  ])
  builder
    .withPanel(figure(l(['Gateways online', '在线网关']), 'short', newest('online')).span(6))
    .withPanel(
      figure(l(['Gateways silent', '失联网关']), 'short', newest('1 - "online"', 'silent'))
        .thresholds(bad)
        .span(6),
    )
    .withPanel(figure(l(['Pages waiting at gateways', '网关待传页']), 'short', newest('spool')).span(6))
    .withPanel(
      figure(l(['Pages refused', '被拒页']), 'short', newest('rejected'))
        .thresholds(bad)
        .span(6),
    )
    .withPanel(
      table(
        l(['Gateways', '网关']),
        `SELECT last("online") AS "online", "spool" AS "pages waiting", "oldest" AS "oldest page", "offset_ms" AS "clock offset ms", "received", "rejected" FROM "gateway" WHERE ${here} GROUP BY "site", "gateway"`,
      ).overrideByName('oldest page', [{ id: 'unit', value: 'dateTimeAsIso' }]),
    )
    .withPanel(
      lines(
        l(['Unknown hours a day', '每日未知机时']),
        'h',
        `SELECT sum("unknown_ms") / ${hour} AS "unknown" FROM "usage_daily" WHERE ${chosen} GROUP BY time(1d), "site" fill(none) ${inZone}`,
        '$tag_site',
      ),
    )
    .withPanel(
      lines(
        l(['Clock offset', '时钟偏差']),
        'ms',
        `SELECT max("offset_ms") AS "offset" FROM "gateway" WHERE ${here} ${eachGateway}`,
        '$tag_gateway',
      ),
    )
    .withPanel(
      lines(
        l(['Pages waiting (late)', '待传页（迟到）']),
        'short',
        `SELECT max("spool") AS "spool" FROM "gateway" WHERE ${here} ${eachGateway}`,
        '$tag_gateway',
      ),
    )
    .withPanel(
      lines(
        l(['Gaps: heard or not', '中断：是否在线']),
        'short',
        `SELECT min("online") AS "online" FROM "gateway" WHERE ${here} ${eachGateway}`,
        '$tag_gateway',
      ),
    )
    .withPanel(
      ranking(
        l(['Most unknown hours', '未知机时最多']),
        'h',
        ranked('top', 20, [['unknown', `sum("unknown_ms") / ${hour}`]]),
      ).span(24),
    )
  return built(builder)
}

/** The newest value of every gateway, summed. */
const newest = (field: string, name = field) =>
  `SELECT sum("v") AS "${name}" FROM (SELECT ${
    field === name ? `last("${field}")` : '1 - last("online")'
  } AS "v" FROM "gateway" WHERE ${here} GROUP BY "site", "gateway")`
