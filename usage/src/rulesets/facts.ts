import { HOUR } from '@hours/protocol'
import type { Figures } from '../figures.ts'
import type { Totals } from '../totals.ts'
import type { Value } from './expression.ts'

/** What the registry and other records say of one instrument in the period; absent = not known. */
export interface InstrumentFacts {
  readonly class?: 'general' | 'special' | 'machinery'
  readonly kind?: string
  readonly alwaysOn?: boolean
  readonly valueYuan?: number
  /** Civil year in which it came into service. */
  readonly inServiceYear?: number
  /** Whether it can be booked or takes samples: what makes it open (domain.md 4.6, `open_rate`). */
  readonly bookable?: boolean
  readonly mustOpen?: boolean
  readonly onNetwork?: boolean
  readonly centralFunds?: boolean
  readonly hasSensor?: boolean
  readonly samples?: number
  /** Hours that claims state without a sensor. */
  readonly declaredEffectiveH?: number
  readonly declaredExternalH?: number
  /** Beam-time shifts. */
  readonly shifts?: number
  /** Mean from samples to results; absent where no session has both. */
  readonly turnaroundDays?: number
  readonly incomeInsideYuan?: number
  readonly incomeOutsideYuan?: number
  readonly trainedIndependent?: number
  readonly trainedGuided?: number
  readonly demonstrationPersons?: number
  readonly awardsNational?: number
  readonly awardsProvincial?: number
  readonly awardsSchool?: number
  readonly corePapers?: number
  readonly indexedPapers?: number
  readonly papers?: number
  readonly patents?: number
  readonly functionsOriginal?: number
  readonly functionsUsed?: number
  readonly functionsNew?: number
  readonly ratingMean?: number
  readonly projects?: number
  readonly organisationsServed?: number
  readonly smesServed?: number
}

/** Facts that are counted from records; a rule set that asks for none of them is spared the counting. */
export const countedFactKeys = [
  'samples',
  'declaredEffectiveH',
  'declaredExternalH',
  'shifts',
  'turnaroundDays',
  'incomeInsideYuan',
  'incomeOutsideYuan',
  'trainedIndependent',
  'trainedGuided',
  'demonstrationPersons',
  'awardsNational',
  'awardsProvincial',
  'awardsSchool',
  'corePapers',
  'indexedPapers',
  'papers',
  'patents',
  'functionsOriginal',
  'functionsUsed',
  'functionsNew',
  'ratingMean',
  'projects',
  'organisationsServed',
  'smesServed',
] as const satisfies readonly (keyof InstrumentFacts)[]

const factKeys = [
  'class',
  'kind',
  'alwaysOn',
  'valueYuan',
  'inServiceYear',
  'bookable',
  'mustOpen',
  'onNetwork',
  'centralFunds',
  'hasSensor',
  ...countedFactKeys,
] as const satisfies readonly (keyof InstrumentFacts)[]

/** Figures by the names that rule sets use: hours (not ms), fractions; verified values, with `Upper` where there is one. */
const figureValues = {
  enrolledH: (f: Figures) => f.enrolled / HOUR,
  onH: (f) => f.on / HOUR,
  runH: (f) => f.run / HOUR,
  effectiveH: (f) => f.effective / HOUR,
  effectiveUpperH: (f) => f.effectiveUpper / HOUR,
  externalH: (f) => f.external / HOUR,
  externalUpperH: (f) => f.externalUpper / HOUR,
  internalH: (f) => (f.relation.ownUnit + f.relation.sameEntity) / HOUR,
  ownUnitH: (f) => f.relation.ownUnit / HOUR,
  sameEntityH: (f) => f.relation.sameEntity / HOUR,
  unattributedH: (f) => f.unattributed / HOUR,
  researchH: (f) => f.purpose.research / HOUR,
  teachingH: (f) => f.purpose.teaching / HOUR,
  serviceH: (f) => f.purpose.service / HOUR,
  openUseH: (f) => f.openUse / HOUR,
  smeExternalH: (f) => f.smeExternal / HOUR,
  effectiveGrade3H: (f) => f.evidence.effective[3] / HOUR,
  effectiveGrade4H: (f) => f.evidence.effective[4] / HOUR,
  externalGrade1H: (f) => f.evidence.external[1] / HOUR,
  externalGrade3H: (f) => f.evidence.external[3] / HOUR,
  externalGrade4H: (f) => f.evidence.external[4] / HOUR,
  unknownH: (f) => f.states.unknown / HOUR,
  faultH: (f) => f.states.fault / HOUR,
  offH: (f) => f.states.off / HOUR,
  standbyH: (f) => f.states.standby / HOUR,
  maintenanceH: (f) => f.maintenance / HOUR,
  idleH: (f) => (f.idle === undefined ? null : f.idle / HOUR),
  coverage: (f) => f.rates.coverage.value,
  utilCalendar: (f) => f.rates.utilCalendar.value,
  utilSchedule: (f) => f.rates.utilSchedule?.value ?? null,
  availInstrument: (f) => f.rates.availInstrument?.value ?? null,
  shareHours: (f) => f.rates.shareHours.value,
  shareWeighted: (f) => f.rates.shareWeighted.value,
  gradeOfHours: (f) => f.grade,
} satisfies Record<string, (figures: Figures) => Value>

/** Every name a formula may use for one instrument, beside parameters and the rule's own figures. */
export const factNames: readonly string[] = [
  ...Object.keys(figureValues),
  ...factKeys,
  'periodShare',
  'periodYear',
  'periodYears',
  'yearShare',
]

const readers: ReadonlyMap<string, (figures: Figures) => Value> = new Map(Object.entries(figureValues))
const factKeySet: ReadonlySet<string> = new Set(factKeys)

/** `$name` -> value for one instrument (or for the sum of a cohort, without facts); worked out when it is asked for. */
export const factValues =
  (
    figures: Figures,
    facts: InstrumentFacts,
    { setPeriods, setYears }: Pick<Totals, 'setPeriods' | 'setYears'>,
  ) =>
  (name: string): Value => {
    const read = readers.get(name)
    if (read) return read(figures)
    if (factKeySet.has(name)) return facts[name as keyof InstrumentFacts] ?? null
    return name === 'periodShare' ? setPeriods : name === 'yearShare' ? setYears : null
  }
