import type { UseSession } from './attribution.ts'
import type { Interval } from './calendar.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { clip } from './intervals.ts'
import { createSets, setTime } from './sets.ts'

/** An instrument of a case, with the use of its parts. */
export interface CaseMember {
  readonly input: InstrumentInput
  /** For how much of the period it adds to the fleet (`setTime`), and as which set. */
  readonly during: readonly Interval[]
  readonly set: string
}

const site = 'case'
const keyOf = (id: string) => `${site}/${id}`

/** The instruments of a case by id; `partOf` = the id that each is a part of. */
export function caseMembers(
  inputs: readonly InstrumentInput[],
  partOf: ReadonlyMap<string, string>,
  period: Interval,
): CaseMember[] {
  const byKey = new Map(inputs.map((input) => [keyOf(input.id), input]))
  const sets = createSets(
    inputs.map(({ id, enrolled }) => {
      const whole = partOf.get(id)
      const part = whole === undefined ? {} : { partOf: whole as never }
      return { key: keyOf(id), enrolments: enrolled.map((time) => ({ ...time, ...part })) }
    }),
  )
  const held = inputs.map(({ id }) => ({ key: keyOf(id), during: [period] }))
  const adding = new Map(setTime(held, sets).map((one) => [one.key, one]))
  return inputs.map((input) => {
    const key = keyOf(input.id)
    const theirs = (pick: (one: InstrumentInput) => readonly UseSession[]) =>
      sets.parts(key).flatMap(({ key: part, during }) => {
        const whole = byKey.get(part)
        return (whole ? pick(whole) : []).flatMap((session) =>
          clip(during, session).map((time, i) => ({
            ...session,
            ...time,
            id: i === 0 ? session.id : `${session.id}\u0000${i}`,
          })),
        )
      })
    const sessions = [...input.sessions, ...theirs((one) => one.sessions)]
    const bookings = [...(input.bookings ?? []), ...theirs((one) => one.bookings ?? [])]
    const { during = [], set = key } = adding.get(key) ?? {}
    return { input: { ...input, sessions, bookings }, during, set }
  })
}
