import type { Names } from '@hours/protocol'
import type { Figures, FleetFigures, Rate, RecordSums } from '@hours/usage'
import type { FigureRow, FigureUnit } from './figure-sheet.ts'

interface Subject {
  readonly of: string
  readonly names: Names
}

/** Figures as rows, in the order of domain.md section 4.6. Bounds as in records.md section 9. */
export function kpiRows(subject: Subject, f: Figures): FigureRow[] {
  const beside = { ...subject, coverage: f.rates.coverage.value, grade: f.grade }
  const hours = (kpi: string, value: number, upper: number | null): FigureRow => ({
    ...beside,
    ...{ kpi, unit: 'ms', value, lower: upper === null ? null : value, upper, denominator: null },
  })
  const rate = (kpi: string, one: Rate | undefined, unit: FigureUnit = 'share'): FigureRow[] =>
    one ? [{ ...beside, kpi, unit, ...one }] : []
  // What is unknown may turn out to be effective, for anybody and for anything.
  const u = f.effectiveUpper - f.effective
  const part = (kpi: string, value: number) => hours(kpi, value, value + u)
  return [
    hours('on_h', f.on, f.onUpper),
    hours('on_recovered_h', f.onRecovered, null),
    hours('run_h', f.run, f.runUpper),
    hours('effective_h', f.effective, f.effectiveUpper),
    hours('external_h', f.external, f.externalUpper),
    part('same_entity_h', f.relation.sameEntity),
    part('own_unit_h', f.relation.ownUnit),
    part('research_h', f.purpose.research),
    part('teaching_h', f.purpose.teaching),
    part('service_h', f.purpose.service),
    part('unattributed_h', f.unattributed),
    part('open_use_h', f.openUse),
    hours('unknown_h', f.states.unknown, null),
    hours('maintenance_h', f.maintenance, null),
    hours('late_h', f.late, null),
    ...(f.idle === undefined ? [] : [hours('idle_h', f.idle, null)]),
    ...(f.offSchedule === undefined ? [] : [hours('off_schedule_h', f.offSchedule, null)]),
    ...rate('coverage', f.rates.coverage),
    ...rate('util_calendar', f.rates.utilCalendar),
    ...rate('util_schedule', f.rates.utilSchedule),
    ...rate('util_quota', f.rates.utilQuota),
    ...rate('share_hours', f.rates.shareHours),
    ...rate('share_weighted', f.rates.shareWeighted, 'ratio'),
    ...rate('sme_share', f.rates.smeShare),
    ...rate('avail_instrument', f.rates.availInstrument),
  ]
}

/** Figures of several instruments as one, with the means over sets. */
export function fleetRows(subject: Subject, fleet: FleetFigures): FigureRow[] {
  const row = plainRow(subject, fleet.figures)
  return [
    row('sets', 'count', fleet.sets),
    ...kpiRows(subject, fleet.figures),
    row('share_instruments', 'share', fleet.shareInstruments, 'sets'),
    row('share_users_org', 'share', fleet.shareUsersOrg, 'organisations'),
    row('share_users_person', 'share', fleet.shareUsersPerson, 'persons'),
    row('mean_on_h_per_set', 'ms', fleet.meanOnPerSet, 'sets'),
    row('mean_effective_h_per_set', 'ms', fleet.meanEffectivePerSet, 'sets'),
    row('mean_external_h_per_set', 'ms', fleet.meanExternalPerSet, 'sets'),
    row('mean_on_h_per_set_period', 'ms', fleet.meanOnPerSetPeriod, 'set-periods'),
    row('mean_effective_h_per_set_period', 'ms', fleet.meanEffectivePerSetPeriod, 'set-periods'),
    row('mean_external_h_per_set_period', 'ms', fleet.meanExternalPerSetPeriod, 'set-periods'),
    row('orgs_served', 'count', fleet.use.organisations),
  ]
}

/** Sums of records: samples, money, core-hours; each in a unit of its own and without bounds. */
export function countRows(subject: Subject, figures: Figures, sums: Partial<RecordSums>): FigureRow[] {
  const row = plainRow(subject, figures)
  const given: readonly (readonly [string, FigureUnit, number | undefined])[] = [
    ['samples', 'count', sums.samples],
    ['income_inside', 'fen', sums.incomeInsideFen],
    ['income_outside', 'fen', sums.incomeOutsideFen],
    ['income_unknown', 'fen', sums.incomeUnknownFen],
    ['voucher', 'fen', sums.voucherFen],
    ['subsidy', 'fen', sums.subsidyFen],
    ['core_h', 'ms', sums.coreMs],
    ['jobs', 'count', sums.jobs],
    ['projects', 'count', sums.projects],
    ['smes_served', 'count', sums.smesServed],
  ]
  return given.flatMap(([kpi, unit, value]) => (value === undefined ? [] : [row(kpi, unit, value)]))
}

const plainRow =
  (subject: Subject, { rates, grade }: Figures) =>
  (kpi: string, unit: FigureUnit, value: number | null, denominator: string | null = null): FigureRow => ({
    ...subject,
    ...{ kpi, unit, value, lower: null, upper: null, denominator },
    ...{ coverage: rates.coverage.value, grade },
  })
