import { api, itemsOf } from '../api-client.ts'
import { serverNow } from '../clock.ts'
import { nameOf, zoneOffset } from '../format.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { askedPeriod, PeriodField } from '../period-field.tsx'
import { askable, comparable, periodName, periodOf } from '../periods.ts'
import { PrintLine } from '../print-line.tsx'
import { useResource } from '../resource.ts'
import { place } from '../route.ts'
import { ScopeField, scopeName } from '../scope-field.tsx'
import { text } from '../text/text.ts'
import { untilNow } from '../usage-rows.ts'
import { addDurations } from '../states.ts'
import { FleetFigures } from './fleet-figures.tsx'
import { FleetMembers } from './fleet-members.tsx'
import { FleetMonths } from './fleet-months.tsx'
import { FleetRanking } from './fleet-ranking.tsx'
import { FleetWeek } from './fleet-week.tsx'

/** Hours, rates and what one could offer, for everything or one organisation. */
export function FleetView() {
  const words = text.value.fleet
  const scope = place.value.query.get('scope') ?? 'all'
  const organisations = useResource(api.organisations())
  const names = useResource(
    api.instruments({
      organisation: scope.startsWith('org:') ? scope.slice(4) : null,
      limit: 200,
      sort: 'key',
    }),
  )
  const zone = names.data?.items[0]?.zone ?? 'Asia/Shanghai'
  const id = askedPeriod(zone)
  const period = periodOf(id, zone)
  const other = periodOf(place.value.query.get('compare') ?? '', zone)
  const now = serverNow.value
  const usage = useResource(period ? api.usage(scope, askable(period, zone, now), 'period') : null)
  const compared = useResource(
    other ? api.usage(scope, comparable(other, period, zone, now), 'period') : null,
  )
  const list = itemsOf(organisations.data ?? [])
  const own = list.find((one) => `org:${one.id}` === scope)
  const rows = (usage.data?.rows ?? []).map((row) => ({ ...untilNow(row, now), key: row.key }))
  const nameOfKey = (key: string) => {
    if (!names.data) return key
    const item = names.data.items.find((one) => one.key === key)
    return item ? nameOf(item.names, key) : undefined
  }
  return (
    <>
      <h1>{own ? nameOf(own.names, own.id) : words.title}</h1>
      <p class="lead">{text.value.time.zone(zone, zoneOffset(zone, now))}</p>
      <div class="filters">
        <ScopeField organisations={list} value={scope} />
        <PeriodField zone={zone} value={id} />
        <PeriodField
          zone={zone}
          value={other?.id ?? ''}
          name="compare"
          label={words.compare}
          noneLabel={words.noCompare}
        />
      </div>
      <PrintLine scope={scopeName(scope, list)} period={id} zone={zone} />
      <FaultNotice of={usage} />
      {usage.data ? (
        <>
          <FleetFigures
            scope={scope}
            period={id}
            sum={addDurations(rows.map(({ states }) => states))}
            instruments={rows.length}
            before={
              compared.data && other
                ? {
                    name: periodName(other.id, zone),
                    period: comparable(other, period, zone, now),
                    sum: addDurations(compared.data.rows.map((row) => untilNow(row, now).states)),
                  }
                : undefined
            }
          />
          {rows.length === 0 ? (
            <Notice title={text.value.chart.noData}>
              <p>{text.value.now.emptyDo}</p>
            </Notice>
          ) : (
            <>
              <FleetMembers scope={scope} organisations={list} period={id} />
              <FleetRanking rows={rows} nameOfKey={nameOfKey} />
              <FleetMonths scope={scope} period={period} zone={zone} />
              <FleetWeek scope={scope} />
            </>
          )}
        </>
      ) : usage.fault ? null : (
        <Waiting height={700} />
      )}
    </>
  )
}
