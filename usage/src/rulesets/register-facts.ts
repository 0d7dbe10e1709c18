import type { RecordOf } from '@hours/protocol'
import type { InstrumentFacts } from './facts.ts'

type Enrolment = RecordOf<'enrolment'>

/**
 * What the register says of an instrument; what no record says stays absent. Where nobody has told when it came into
 * service, it did so when it was first enrolled (`since`) at the latest.
 */
export function registerFacts(
  enrolment: Enrolment,
  { zone, since }: { readonly zone: string; readonly since: number },
): InstrumentFacts {
  const { mustOpen, centralFunds, kind, valueFen, inService } = enrolment
  const ways = [enrolment.bookable, enrolment.takesSamples].filter((way) => way !== undefined)
  return {
    class: enrolment.class,
    alwaysOn: enrolment.alwaysOn,
    ...(kind === undefined ? {} : { kind }),
    ...(valueFen === undefined ? {} : { valueYuan: valueFen / 100 }),
    inServiceYear: inService === undefined ? yearOf(zone, since) : Number(inService.slice(0, 4)),
    ...(mustOpen === undefined ? {} : { mustOpen }),
    ...(centralFunds === undefined ? {} : { centralFunds }),
    // Open is what can be booked or takes samples (domain.md 4.6, `open_rate`).
    ...(ways.length === 0 ? {} : { bookable: ways.includes(true) }),
  }
}

const years = new Map<string, number>()
/** Thousands of instruments begin at the same few instants, and looking a zone up takes a while. */
const mostYears = 4_096

function yearOf(zone: string, at: number): number {
  const name = `${zone} ${at}`
  const known = years.get(name)
  if (known !== undefined) return known
  const { year } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  if (years.size >= mostYears) years.clear()
  years.set(name, year)
  return year
}
