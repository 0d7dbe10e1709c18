import { nobody } from '@hours/protocol'
import { type Attributed, countModulo, type Purpose, type Relation, type UseSession } from './attribution.ts'
import type { Interval } from './calendar.ts'
import { eachPart, instrumentTime } from './daily-rows.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { type Piece, pieces } from './pieces.ts'

/** Who had how much effective time in one stretch: the rows that counts of users and organisations are made of. */
export interface UseRow {
  readonly instrument: string
  /** Where the stretch of the session begins: the instant its relation is judged by. */
  readonly at: number
  readonly session: string
  readonly beneficiary: string
  readonly user: string
  readonly relation: Relation
  readonly purpose: Purpose
  readonly project?: string
  readonly sme: boolean
  /** Only a booking says so; counts where the rule set lets bookings attribute hours. */
  readonly booked?: true
  /** Attributed effective time, ms. */
  readonly ms: number
}

/** One row for each session and stretch of `days` with effective time in it, then those of bookings where no session is. */
export function useRows(input: InstrumentInput, days: readonly Interval[]): UseRow[] {
  const { sessions, bookings = [] } = input
  // Effective time takes long to find, and nobody is named for any of it.
  if (sessions.length + bookings.length === 0) return []
  const own = createSums(input.id, days)
  const booked = createSums(input.id, days)
  for (const piece of pieces(input, days)) {
    const time = instrumentTime(piece.input, piece.cuts)
    own.add(time.parts(), piece)
    booked.add(time.booked(), piece)
  }
  return [...own.rows(), ...booked.rows().map((row): UseRow => ({ ...row, booked: true }))]
}

/** Time by stretch and who had it. */
function createSums(instrument: string, days: readonly Interval[]) {
  const sums = days.map(() => new Map<UseSession, number>())
  return {
    add(parts: Iterable<Attributed>, { cuts, days: numbers }: Piece): void {
      eachPart(parts, cuts, ({ sessions }, from, to, i) => {
        for (const [j, session] of sessions.entries()) {
          const day = sums[numbers[i] ?? 0]
          day?.set(session, (day.get(session) ?? 0) + countModulo(from, to, sessions.length, j))
        }
      })
    },
    rows: (): UseRow[] =>
      sums.flatMap((day, i) =>
        [...day].flatMap(([session, ms]) =>
          ms > 0 ? [rowOf(instrument, session, ms, days[i]?.from ?? 0)] : [],
        ),
      ),
  }
}

/** Whether rows that only bookings speak for count (records.md, section 8). */
export type BookingRule = 'ignored' | 'claimed'

export const countingUse = (rows: readonly UseRow[], bookings: BookingRule): readonly UseRow[] =>
  bookings === 'claimed' ? rows : rows.filter(({ booked }) => booked !== true)

/** Parts of a session that was cut where its relation changes are named `id NUL n` (records-input.ts). */
const sessionOf = (id: string): string => id.split('\u0000', 1)[0] ?? id

function rowOf(instrument: string, session: UseSession, ms: number, dayFrom: number): UseRow {
  const { id, from, beneficiary, user, relation, purpose, project, sme } = session
  return {
    instrument,
    at: Math.max(from, dayFrom),
    session: sessionOf(id),
    beneficiary,
    user,
    relation,
    purpose,
    ...(project === undefined ? {} : { project }),
    sme: sme === true,
    ms,
  }
}

/**
 * Distinct users, organisations and projects over accepted sessions with effective time; counts have no bounds. Who is not
 * known is not counted as a person.
 */
export interface UseCounts {
  readonly organisations: number
  readonly organisationsExternal: number
  readonly smes: number
  readonly persons: number
  readonly personsExternal: number
  readonly projects: number
}

export function countUse(rows: Iterable<UseRow>): UseCounts {
  const sets = {
    organisations: new Set<string>(),
    organisationsExternal: new Set<string>(),
    smes: new Set<string>(),
    persons: new Set<string>(),
    personsExternal: new Set<string>(),
    projects: new Set<string>(),
  }
  for (const { beneficiary, user, relation, project, sme } of rows) {
    sets.organisations.add(beneficiary)
    if (user !== nobody) sets.persons.add(user)
    if (sme) sets.smes.add(beneficiary)
    if (project !== undefined) sets.projects.add(project)
    if (relation !== 'external') continue
    sets.organisationsExternal.add(beneficiary)
    if (user !== nobody) sets.personsExternal.add(user)
  }
  return {
    organisations: sets.organisations.size,
    organisationsExternal: sets.organisationsExternal.size,
    smes: sets.smes.size,
    persons: sets.persons.size,
    personsExternal: sets.personsExternal.size,
    projects: sets.projects.size,
  }
}
