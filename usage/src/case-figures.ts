import type { StateDurations } from '@hours/protocol'
import type { Purpose } from './attribution.ts'
import type { Figures, InstrumentResult } from './figures.ts'
import type { FleetFigures } from './fleet.ts'

/** One instrument of a case: ms and fractions; absent = not applicable, null = zero denominator. */
export interface InstrumentFigures {
  readonly states: StateDurations
  readonly on: number
  readonly onUpper: number
  readonly run: number
  readonly effective: number
  readonly effectiveUpper: number
  readonly external: number
  readonly externalUpper: number
  readonly unattributed: number
  readonly purpose: Readonly<Partial<Record<Purpose, number>>>
  readonly coverage: number | null
  readonly utilCalendar: number | null
  readonly shareHours: number | null
  readonly shareHoursLower: number | null
  readonly shareHoursUpper: number | null
  readonly shareWeighted: number | null
  readonly utilSchedule?: number | null
  readonly offSchedule?: number
  readonly availInstrument?: number | null
  readonly utilQuota?: number | null
  /** Where the case asks for `grades`. */
  readonly evidence?: Figures['evidence']
  /** Where the case has claims. */
  readonly declared?: DeclaredHours
}

/** Hours of class `declared`, as claims state them; beside verified hours and never among them. */
export interface DeclaredHours {
  readonly on: number
  readonly run: number
  readonly effective: number
  readonly external: number
}

/** The instruments of a case as one. */
export interface CaseFleetFigures {
  readonly on: number
  readonly effective: number
  readonly external: number
  readonly shareHours: number | null
  readonly shareHoursLower: number | null
  readonly shareHoursUpper: number | null
  readonly shareInstruments: number | null
  readonly shareUsersOrg: number | null
  readonly shareUsersPerson: number | null
  readonly meanOnPerSet: number | null
  readonly meanOnPerSetPeriod: number | null
  /** Where the case tells of its register. */
  readonly sensorRate?: number | null
  readonly networkEntry?: number | null
  readonly openRate?: number | null
  readonly evidence?: Figures['evidence']
  readonly declared?: DeclaredHours
}

/** The shape of test/vectors/worked-week.expected.json. */
export function caseInstrument({ figures: f }: InstrumentResult): InstrumentFigures {
  const { rates } = f
  return {
    states: f.states,
    on: f.on,
    onUpper: f.onUpper,
    run: f.run,
    effective: f.effective,
    effectiveUpper: f.effectiveUpper,
    external: f.external,
    externalUpper: f.externalUpper,
    unattributed: f.unattributed,
    purpose: Object.fromEntries(Object.entries(f.purpose).filter(([, ms]) => ms > 0)),
    coverage: rates.coverage.value,
    utilCalendar: rates.utilCalendar.value,
    shareHours: rates.shareHours.value,
    shareHoursLower: rates.shareHours.lower,
    shareHoursUpper: rates.shareHours.upper,
    shareWeighted: rates.shareWeighted.value,
    ...(rates.utilSchedule ? { utilSchedule: rates.utilSchedule.value } : {}),
    ...(f.offSchedule === undefined ? {} : { offSchedule: f.offSchedule }),
    ...(rates.availInstrument ? { availInstrument: rates.availInstrument.value } : {}),
    ...(rates.utilQuota ? { utilQuota: rates.utilQuota.value } : {}),
  }
}

export function caseFleet(fleet: FleetFigures): CaseFleetFigures {
  const { figures: f } = fleet
  return {
    on: f.on,
    effective: f.effective,
    external: f.external,
    shareHours: f.rates.shareHours.value,
    shareHoursLower: f.rates.shareHours.lower,
    shareHoursUpper: f.rates.shareHours.upper,
    shareInstruments: fleet.shareInstruments,
    shareUsersOrg: fleet.shareUsersOrg,
    shareUsersPerson: fleet.shareUsersPerson,
    meanOnPerSet: fleet.meanOnPerSet,
    meanOnPerSetPeriod: fleet.meanOnPerSetPeriod,
  }
}
