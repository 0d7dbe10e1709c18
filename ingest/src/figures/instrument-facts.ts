import type { RecordOf } from '@hours/protocol'
import {
  countedFactKeys,
  type InstrumentFacts,
  intersect,
  type RecordSums,
  type RuleSetDocument,
} from '@hours/usage'
import type { Registry } from '../ports.ts'
import { scopesOf } from '../registry/scopes.ts'
import type { InstrumentPart } from './figure-reader.ts'

/**
 * What a rule set may ask of each instrument beside its hours; what no record says stays absent. Where nobody has told
 * when it came into service, it did so when it was enrolled at the latest.
 */
export function factsFor(
  registry: Registry,
  rules: RuleSetDocument,
): (part: InstrumentPart) => InstrumentFacts {
  const text = JSON.stringify(rules)
  const isCounted = countedFactKeys.some((name) => text.includes(`$${name}"`))
  const scopes = text.includes('$onNetwork"') ? scopesOf(registry) : undefined
  const years = new Map<string, number>()
  return (part) => {
    const { zone, enrolment, enrolments } = part.entry
    const listed = scopes?.listed(part.entry)
    const since = enrolments[0]?.from ?? enrolment.from
    const named = `${zone} ${since}`
    const year = years.get(named) ?? yearOf(zone, since)
    years.set(named, year)
    return {
      class: enrolment.class,
      alwaysOn: enrolment.alwaysOn,
      ...(enrolment.kind === undefined ? {} : { kind: enrolment.kind }),
      ...(enrolment.valueFen === undefined ? {} : { valueYuan: enrolment.valueFen / 100 }),
      inServiceYear: enrolment.inService === undefined ? year : Number(enrolment.inService.slice(0, 4)),
      ...registered(enrolment),
      hasSensor: part.totals.measures.enrolled > part.totals.measures.unknown,
      ...(listed ? { onNetwork: intersect(listed, part.during).length > 0 } : {}),
      ...(isCounted ? countedFacts(part.sums()) : {}),
    }
  }
}

/** Open is what can be booked or takes samples (domain.md 4.6, `open_rate`). */
function registered({ mustOpen, centralFunds, ...one }: RecordOf<'enrolment'>): InstrumentFacts {
  const ways = [one.bookable, one.takesSamples].filter((way) => way !== undefined)
  return {
    ...(mustOpen === undefined ? {} : { mustOpen }),
    ...(centralFunds === undefined ? {} : { centralFunds }),
    ...(ways.length === 0 ? {} : { bookable: ways.includes(true) }),
  }
}

const yearOf = (zone: string, at: number) =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).year

function countedFacts(sums: RecordSums): InstrumentFacts {
  const achieved = (name: string) => sums.achievements[name] ?? 0
  const { samples, trainedIndependent, trainedGuided, demonstrationPersons } = sums
  const { projects, organisationsServed, smesServed, ratingMean } = sums
  return {
    ...{ samples, trainedIndependent, trainedGuided, demonstrationPersons },
    ...{ projects, organisationsServed, smesServed },
    ...(ratingMean === null ? {} : { ratingMean }),
    incomeInsideYuan: sums.incomeInsideFen / 100,
    incomeOutsideYuan: sums.incomeOutsideFen / 100,
    awardsNational: achieved('award:national'),
    awardsProvincial: achieved('award:provincial'),
    awardsSchool: achieved('award:school'),
    corePapers: achieved('paper:core'),
    functionsOriginal: achieved('function:original'),
    functionsUsed: achieved('function:used'),
    functionsNew: achieved('function:new'),
  }
}
