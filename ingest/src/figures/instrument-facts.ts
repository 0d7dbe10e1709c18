import { DAY, HOUR } from '@hours/protocol'
import {
  countedFactKeys,
  type InstrumentFacts,
  intersect,
  type PlainSums,
  type RecordSums,
  registerFacts,
  type RuleSetDocument,
} from '@hours/usage'
import type { Registry } from '../ports.ts'
import { scopesOf } from '../registry/scopes.ts'
import type { InstrumentPart } from './figure-reader.ts'

/** What a rule set may ask of each instrument beside its hours; what no record says stays absent. */
export function factsFor(
  registry: Registry,
  rules: RuleSetDocument,
): (part: InstrumentPart) => InstrumentFacts {
  const text = JSON.stringify(rules)
  const asks = (name: string) => text.includes(`$${name}"`)
  const isCounted = countedFactKeys.some(asks)
  // Who was served is read from every day's use; of thousands of instruments only where it is asked for.
  const isServed = servedFactKeys.some(asks)
  const scopes = asks('onNetwork') ? scopesOf(registry) : undefined
  return (part) => {
    const { zone, enrolment, enrolments } = part.entry
    const listed = scopes?.listed(part.entry)
    return {
      ...registerFacts(enrolment, { zone, since: enrolments[0]?.from ?? enrolment.from }),
      hasSensor: part.totals.measures.enrolled > part.totals.measures.unknown,
      ...(listed ? { onNetwork: intersect(listed, part.during).length > 0 } : {}),
      ...(isServed ? servedFacts(part.sums()) : {}),
      ...(isCounted ? countedFacts(isServed ? part.sums() : part.plainSums()) : {}),
    }
  }
}

const servedFactKeys = ['projects', 'organisationsServed', 'smesServed'] as const

const servedFacts = ({ projects, organisationsServed, smesServed }: RecordSums): InstrumentFacts => ({
  ...{ projects, organisationsServed, smesServed },
})

function countedFacts(sums: PlainSums): InstrumentFacts {
  const achieved = (name: string) => sums.achievements[name] ?? 0
  const { samples, trainedIndependent, trainedGuided, demonstrationPersons } = sums
  const { ratingMean, shifts, turnarounds, turnaroundMs, papers, patents, functionsNew } = sums
  return {
    ...{ samples, trainedIndependent, trainedGuided, demonstrationPersons },
    ...{ shifts, papers, patents, functionsNew },
    ...(ratingMean === null ? {} : { ratingMean }),
    ...(turnarounds === 0 ? {} : { turnaroundDays: turnaroundMs / turnarounds / DAY }),
    declaredEffectiveH: sums.declaredEffectiveMs / HOUR,
    declaredExternalH: sums.declaredExternalMs / HOUR,
    incomeInsideYuan: sums.incomeInsideFen / 100,
    incomeOutsideYuan: sums.incomeOutsideFen / 100,
    awardsNational: achieved('award:national'),
    awardsProvincial: achieved('award:provincial'),
    awardsSchool: achieved('award:school'),
    corePapers: achieved('paper:core'),
    indexedPapers: achieved('paper:indexed'),
    functionsOriginal: achieved('function:original'),
    functionsUsed: achieved('function:used'),
  }
}
