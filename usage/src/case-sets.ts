import type { Interval } from './calendar.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { createSets, setTime, usedThrough } from './sets.ts'

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
    const parts = sets.parts(key)
    const sessions = [...input.sessions, ...usedThrough(parts, (part) => byKey.get(part)?.sessions ?? [])]
    const bookings = [
      ...(input.bookings ?? []),
      ...usedThrough(parts, (part) => byKey.get(part)?.bookings ?? []),
    ]
    const { during = [], set = key } = adding.get(key) ?? {}
    return { input: { ...input, sessions, bookings }, during, set }
  })
}
