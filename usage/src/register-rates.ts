import type { RecordOf } from '@hours/protocol'
import type { Interval } from './calendar.ts'
import type { InstrumentResult } from './figures.ts'
import { clip } from './intervals.ts'
import { ratio } from './rates.ts'
import { countSets } from './sets.ts'

/** What the register says of an instrument in a period; absent = nobody has told. */
export interface RegisterState {
  readonly mustOpen?: boolean
  /** It can be booked or takes samples. */
  readonly isOpen?: boolean
  /** Some channel lists it at some time; absent = no channel lists anything. */
  readonly onNetwork?: boolean
}

type Told = Pick<RecordOf<'enrolment'>, 'from' | 'mustOpen' | 'bookable' | 'takesSamples'>

/** By the enrolment that stands at the end of the period; `listed` = when channels list the instrument (`Scopes.listed`). */
export function registerState(
  {
    enrolments,
    listed,
  }: { readonly enrolments: readonly Told[]; readonly listed: readonly Interval[] | undefined },
  { span, during }: { readonly span: Interval; readonly during: readonly Interval[] },
): RegisterState {
  const onNetwork = listed && during.some((part) => clip(listed, part).length > 0)
  return toldState({ ...enrolments.findLast(({ from }) => from < span.to), onNetwork })
}

type Answer = boolean | null | undefined

/** What was told, with null and undefined for what was not. */
export function toldState(told: {
  readonly mustOpen?: Answer
  readonly bookable?: Answer
  readonly takesSamples?: Answer
  readonly onNetwork?: Answer
}): RegisterState {
  const { mustOpen = null, onNetwork = null } = told
  const ways = [told.bookable, told.takesSamples].filter((way) => typeof way === 'boolean')
  return {
    ...(mustOpen === null ? {} : { mustOpen }),
    ...(ways.length === 0 ? {} : { isOpen: ways.includes(true) }),
    ...(onNetwork === null ? {} : { onNetwork }),
  }
}

/** Rates over sets out of the register (domain.md, section 4.6); null = no denominator, or nobody has told. */
export interface RegisterRates {
  /** Sets that a sensor watched at some time / sets. */
  readonly sensorRate: number | null
  /** Sets that some channel lists / sets. */
  readonly networkEntry: number | null
  /** Of the sets that must be open: those that can be booked or take samples. */
  readonly openRate: number | null
}

export function registerRates(results: readonly InstrumentResult[]): RegisterRates {
  const sets = results.filter(({ totals }) => totals.sets > 0)
  const count = (counts: (one: InstrumentResult) => boolean) => countSets(sets, counts)
  const all = count(() => true)
  const isKnown = sets.some(({ register }) => register?.onNetwork !== undefined)
  return {
    sensorRate: ratio(
      count(({ totals: { measures } }) => measures.enrolled > measures.unknown),
      all,
    ),
    networkEntry: isKnown
      ? ratio(
          count(({ register }) => register?.onNetwork === true),
          all,
        )
      : null,
    openRate: ratio(
      count(({ register }) => register?.mustOpen === true && register.isOpen === true),
      count(({ register }) => register?.mustOpen === true),
    ),
  }
}
