import type { Fleet } from './simulated-fleet.ts'
import { chance, day, hour, midnight, minute } from './simulated-day.ts'

/** For the fixture server: who booked an instrument, who used it, and where that differs from what it did. */

interface Booked {
  readonly id: string
  readonly instrument: string
  readonly from: number
  readonly to: number
  readonly user: string
  readonly beneficiary: string
}

interface Found {
  readonly kind: string
  readonly instrument: string
  readonly from: number
  readonly to: number
  readonly ms: number
  readonly user: string | null
  readonly booking: string | null
  readonly session: string | null
}

/** What people say of one instrument in [from, to). */
export interface Use {
  readonly bookings: Booked[]
  readonly sessions: Booked[]
  readonly findings: Found[]
}

/** Of each run a booking and a session, and now and then something that does not fit; most of it in the order of time. */
export function useOf(fleet: Fleet, number: number, from: number, to: number): Use {
  const use: Use = { bookings: [], sessions: [], findings: [] }
  const instrument = fleet.keys[number] ?? ''
  const add = (kind: string, a: number, b: number, booking: Booked | null) =>
    use.findings.push({
      ...{ kind, instrument, from: a, to: b, ms: b - a },
      ...{ user: booking?.user ?? null, booking: booking?.id ?? null, session: null },
    })
  const booked = (a: number, b: number): Booked => {
    const n = Math.floor(a / (10 * minute))
    const beneficiary = n % 3 === 0 ? 'company-1' : 'gibh'
    const booking = { id: `b-${n}`, instrument, from: a, to: b, user: `u-${(n * 31) % 97}`, beneficiary }
    use.bookings.push(booking)
    return booking
  }
  for (let start = midnight(from); start < Math.min(to, fleet.now); start += day) {
    for (const run of fleet.spans(number, start, Math.min(start + day, fleet.now))) {
      if (run.state !== 'run') continue
      const lot = run.to - run.from < 80 * minute ? 1 : chance(number, run.from / minute, 11)
      if (lot < 0.15) {
        add('unbooked_run', run.from, run.to, null)
        continue
      }
      const begin = run.from - (lot >= 0.27 && lot < 0.37 ? 50 : 8) * minute
      const end = run.to + (lot < 0.27 ? -35 : 6) * minute
      const booking = booked(begin, end)
      if (lot < 0.27) add('overrun', end, run.to, booking)
      else if (lot < 0.37) add('late_arrival', begin, run.from, booking)
      use.sessions.push({ ...booking, id: `s-${booking.id}`, from: run.from - 4 * minute, to: run.to })
    }
    const dusk = start + 21.5 * hour
    if (chance(number, start / day, 12) < 0.3 && dusk + 1.5 * hour < fleet.now)
      add('no_show', dusk, dusk + 1.5 * hour, booked(dusk, dusk + 1.5 * hour))
  }
  // What is to come.
  if (to > fleet.now) booked(fleet.now + hour, fleet.now + 3 * hour)
  const inside = (one: { from: number; to: number }) => one.from < to && one.to > from
  return {
    bookings: use.bookings.filter(inside),
    sessions: use.sessions.filter(inside),
    findings: use.findings.filter(inside),
  }
}
