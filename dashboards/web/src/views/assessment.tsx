import { api, itemsOf } from '../api-client.ts'
import { nameOf } from '../format.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { askedPeriod, PeriodField } from '../period-field.tsx'
import { PrintLine } from '../print-line.tsx'
import { useResource } from '../resource.ts'
import { place, setQuery } from '../route.ts'
import { ScopeField, scopeName } from '../scope-field.tsx'
import { useSiteZone } from '../site-zone.ts'
import { text } from '../text/text.ts'
import { Statement } from './assessment-statement.tsx'
import { givenParameters, neededOf, RuleParameters } from './rule-parameters.tsx'

/** Scores by a rule set, with reasons; to be read, printed, and checked by whoever doubts them. */
export function AssessmentView() {
  const words = text.value.assessment
  const zone = useSiteZone()
  const { query } = place.value
  const rulesets = useResource(api.rulesets())
  const organisations = useResource(api.organisations())
  // The newest version of each: the one that is asked for by its id.
  const list = [...new Map(itemsOf(rulesets.data ?? []).map((one) => [one.id, one])).values()]
  // One that can be worked out as it stands, for all there is, comes first.
  const asItStands = list.filter((one) => neededOf(one).length === 0)
  const first = asItStands.find((one) => one.everyInstrument === true) ?? asItStands[0]
  const chosen = query.get('ruleset') ?? (first ?? list[0])?.id ?? ''
  const rules = list.find(({ id }) => id === chosen)
  const parameters = givenParameters(rules)
  const scope = query.get('scope') ?? 'all'
  const period = askedPeriod(zone)
  const isReady = rules !== undefined && parameters !== undefined
  const cursor = query.get('cursor')
  const answer = useResource(
    isReady
      ? api.assessment({ ruleset: chosen, scope, period, parameters: JSON.stringify(parameters), cursor })
      : null,
  )
  return (
    <>
      <h1>{words.title}</h1>
      <p class="lead">{words.intro}</p>
      <div class="filters">
        <label class="field">
          <span>{words.ruleset}</span>
          <select
            value={chosen}
            onChange={(event) => setQuery({ ruleset: event.currentTarget.value, cursor: null })}
          >
            {list.map(({ id, version, names }) => (
              <option key={id} value={id}>
                {nameOf(names, id)} {version === undefined ? '' : `(${version})`}
              </option>
            ))}
          </select>
        </label>
        <ScopeField organisations={itemsOf(organisations.data ?? [])} value={scope} />
        <PeriodField zone={zone} value={period} />
        <RuleParameters of={rules} />
      </div>
      {answer.data ? (
        <PrintLine
          scope={scopeName(scope, itemsOf(organisations.data ?? []))}
          period={period}
          zone={answer.data.zone ?? zone}
          checkpoint={answer.data.checkpoint ?? null}
        />
      ) : null}
      <FaultNotice of={rulesets} />
      {rulesets.fault ? null : <FaultNotice of={answer} />}
      {rulesets.data && list.length === 0 ? <Notice title={words.choose} /> : null}
      {rules && parameters === undefined ? <Notice title={words.needs} /> : null}
      {answer.data && parameters ? (
        <Statement of={answer.data} parameters={parameters} />
      ) : answer.fault || rulesets.fault || (rules && !isReady) ? null : (
        <Waiting height={480} />
      )}
    </>
  )
}
