import { DAY, type Millis, MINUTE } from '@hours/protocol'
import type { Reach } from '../access/reach.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'

/** What is told later than this after its date changes figures that people may have used; only the operator does that. */
export const backdatedDays = 30

/** Clocks of people differ by a little from ours. */
const patience = MINUTE

/** Why a change may not begin so long ago. */
export const pastFaults = (field: string, from: Millis, { operates }: Reach, now: Millis): RowFault[] =>
  operates || from >= now - backdatedDays * DAY
    ? []
    : [
        fault(
          field,
          iso(from),
          `this would change figures of more than ${backdatedDays} days ago`,
          'take a later date, or ask the operator of the installation',
        ),
      ]

/** Why what decides who may see an instrument, and whose pages name it, may not be told ahead. */
export const futureFaults = (field: string, from: Millis, now: Millis): RowFault[] =>
  from <= now + patience
    ? []
    : [fault(field, iso(from), 'it is still to come', 'send it then, or leave it out: now')]

export const iso = (at: Millis): string => new Date(at).toISOString()
