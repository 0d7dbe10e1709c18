import { board, built, choice, coverageSteps, whichInstruments } from './board.ts'
import type { ClassicDashboard } from './classic.ts'
import { chosen, enrolledMs, hour, inZone, knownMs, percent, ranked, share } from './influxql.ts'
import type { DashboardOptions } from './options.ts'
import { figure, lines, table } from './panels.ts'
import { say, type Text } from './texts.ts'

export const regulatorUid = 'hours-regulator'

/** Quota hours of a year, for the enrolled part of it: E / (Q x W / 8760 h) (domain.md, util_quota). */
const quotaPercent = `${share('sum("effective_ms")', enrolledMs)} * 8760 / $quota`

/** A year against its quota, with the coverage that stands behind it and the revision it was last told in. */
export function regulatorDashboard(options: DashboardOptions): ClassicDashboard {
  const l = (text: Text) => say(text, options.language)
  const builder = board(regulatorUid, ['Regulator', '监管'], options).time({ from: 'now/y', to: 'now' })
  whichInstruments(builder, options, false)
  builder
    .withVariable(choice('quota', l(['Quota (h a year)', '定额（小时/年）']), ['1400', '800', '1600']))
    .withPanel(
      figure(
        l(['Effective hours', '有效机时']),
        'h',
        `SELECT sum("effective_ms") / ${hour} AS "effective" FROM "usage_daily" WHERE ${chosen}`,
      ),
    )
    .withPanel(
      figure(
        l(['Hours for others', '对外服务机时']),
        'h',
        `SELECT sum("external_ms") / ${hour} AS "external" FROM "usage_daily" WHERE ${chosen}`,
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
      figure(
        l(['Of the quota', '定额利用率']),
        'percent',
        percent('quota', '8760.0 * sum("effective_ms") / $quota', enrolledMs),
      ),
    )
    .withPanel(
      figure(l(['Coverage', '覆盖率']), 'percent', percent('coverage', knownMs, enrolledMs)).thresholds(
        coverageSteps,
      ),
    )
    .withPanel(
      figure(
        l(['Newest log position', '最新日志位置']),
        'short',
        `SELECT max("revision") AS "revision" FROM "usage_daily" WHERE ${chosen}`,
      ),
    )
    .withPanel(
      table(
        l(['Instruments against the quota (first 500)', '仪器与定额（前 500）']),
        ranked('top', 500, [
          ['effective h', `sum("effective_ms") / ${hour}`],
          ['of quota %', quotaPercent],
          ['external h', `sum("external_ms") / ${hour}`],
          ['coverage %', share(knownMs, enrolledMs)],
          ['enrolled h', `(${enrolledMs}) / ${hour}`],
          ['revision', 'max("revision")'],
        ]),
      ),
    )
    .withPanel(
      lines(
        l(['Coverage by day', '每日覆盖率']),
        'percent',
        `SELECT ${share(knownMs, enrolledMs)} AS "coverage" FROM "usage_daily" WHERE ${chosen} GROUP BY time(1d) fill(none) ${inZone}`,
        'coverage',
      ),
    )
    .withPanel(
      lines(
        l(['Revisions: log position a day was last told in', '修订：该日数据的日志位置']),
        'short',
        `SELECT max("revision") AS "revision" FROM "usage_daily" WHERE ${chosen} GROUP BY time(1d) fill(none) ${inZone}`,
        'revision',
      ),
    )
  return built(builder)
}
