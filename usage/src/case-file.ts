import { checkSchema, type Decoded, nobody, State } from '@hours/protocol'
import { z } from 'zod'
import type { UseSession } from './attribution.ts'
import type { Interval } from './calendar.ts'
import { caseMembers } from './case-sets.ts'
import {
  type CaseFleetFigures,
  caseFleet,
  caseInstrument,
  type DeclaredHours,
  type InstrumentFigures,
} from './case-figures.ts'
import { type Figures, instrumentFigures } from './figures.ts'
import { fleetFigures } from './fleet.ts'
import type { InstrumentInput } from './instrument-input.ts'
import { clip, union } from './intervals.ts'
import { toldState } from './register-rates.ts'
import { expandSchedule } from './schedule.ts'

/** Unix ms from 1900 to 2200: what lies outside was never a reading, and calendars would be walked for ever. */
const Instant = z.int().min(-2_208_988_800_000).max(7_258_118_400_000)
const Pair = z.tuple([Instant, Instant])
const LocalTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'HH:MM')
const Hours = z.array(
  z
    .tuple([LocalTime, LocalTime])
    .refine(([from, to]) => from !== to, 'hours that end when they begin; a whole day is 00:00 to 24:00'),
)
const Weekday = z.enum(['1', '2', '3', '4', '5', '6', '7'])
const list = <T extends z.ZodType>(of: T) =>
  z
    .array(of)
    .nullish()
    .transform((value) => value ?? [])
const Allowance = z
  .int()
  .min(0)
  .nullish()
  .transform((value) => value ?? 0)

const CaseSession = z.object({
  id: z.string(),
  from: Instant,
  to: Instant,
  beneficiary: z.string().nullish(),
  relation: z.enum(['own_unit', 'same_entity', 'external']).nullish(),
  purpose: z.enum(['research', 'teaching', 'service']).nullish(),
  user: z.string().nullish(),
  samples: z.int().min(0).nullish(),
  void: z.boolean().nullish(),
  voided: z.boolean().nullish(),
})

/** Hours that somebody states without a sensor, ms. */
const CaseClaim = z.object({
  from: Instant,
  to: Instant,
  on: Allowance,
  run: Allowance,
  effective: Allowance,
  external: Allowance,
})

const CaseInstrument = z.object({
  id: z.string(),
  prep: Allowance,
  post: Allowance,
  quota: z.number().min(0).nullish().describe('hours a year'),
  enrolled: z.union([Pair, z.array(Pair)]).nullish(),
  partOf: z.string().nullish().describe('id of the instrument of this case that it is a station of'),
  schedule: z
    .object({
      weekly: z
        .partialRecord(Weekday, Hours)
        .nullish()
        .transform((value) => value ?? {}),
      holidays: list(z.iso.date()),
      exceptions: z
        .record(z.iso.date(), Hours)
        .nullish()
        .transform((value) => value ?? {}),
    })
    .nullish(),
  mustOpen: z.boolean().nullish(),
  bookable: z.boolean().nullish().describe('it can be booked'),
  takesSamples: z.boolean().nullish().describe('it is measured on for others'),
  onNetwork: z.boolean().nullish().describe('a channel lists it'),
  spans: list(z.tuple([State, Instant, Instant])),
  maintenance: list(Pair),
  recovered: z.int().min(0).nullish().describe('ms that counters prove for gaps inside the period'),
  sessions: list(CaseSession),
  bookings: list(CaseSession),
  claims: list(CaseClaim),
})
type CaseInstrument = z.infer<typeof CaseInstrument>

const Zone = z.string().refine((zone) => {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
    return true
  } catch {
    return false
  }
}, 'an IANA time zone such as Asia/Shanghai')

/** A case as test/vectors/worked-week.json has it; times Unix ms, durations ms, unknown fields ignored. */
const CaseFile = z
  .object({
    zone: Zone.nullish().transform((zone) => zone ?? 'Asia/Shanghai'),
    period: Pair,
    bookings: z
      .enum(['ignored', 'claimed'])
      .nullish()
      .transform((rule) => rule ?? 'ignored')
      .describe('claimed = bookings attribute hours where no session does'),
    grades: z.boolean().nullish().describe('true = effective and external hours by grade of evidence too'),
    instruments: list(CaseInstrument),
  })
  .refine(({ period }) => period[1] > period[0], { path: ['period'], message: 'must end after it begins' })
  .superRefine(({ instruments }, context) => {
    const ids = new Set(instruments.map(({ id }) => id))
    for (const [i, { partOf }] of instruments.entries())
      if (typeof partOf === 'string' && !ids.has(partOf))
        context.addIssue({
          code: 'custom',
          path: ['instruments', i, 'partOf'],
          input: partOf,
          message: 'must be the id of an instrument of this case',
        })
  })

/** Figures by instrument id and for the fleet, in the KPI names of domain.md (camelCase). */
export interface CaseFigures {
  readonly instruments: Readonly<Record<string, InstrumentFigures>>
  readonly fleet: CaseFleetFigures
}

/** Computes every figure of a case file, with no server and no clock; faults are listed with path and value. */
export function figuresOfCase(data: unknown): Decoded<CaseFigures> {
  const read = checkSchema(CaseFile, data)
  if (!read.ok) return read
  const { zone, instruments, bookings: bookingRule, grades } = read.value
  const period = { from: read.value.period[0], to: read.value.period[1] }
  // The list of a case is its cohort, also where one of it was not enrolled in the period.
  const partOf = new Map(instruments.flatMap(({ id, partOf: whole }) => (whole ? [[id, whole]] : [])))
  const inputs = instruments.map((one) => inputOf(one, zone, period))
  const members = caseMembers(inputs, partOf, period)
  const results = members.map(({ input }) =>
    instrumentFigures(input, period, { isListed: true, bookingRule }),
  )
  // A part whose whole is enrolled adds nothing: the whole has its use.
  const adding = members.flatMap(({ input, during, set }, i) => {
    const whole = during[0] === period ? results[i] : undefined
    if (during.length === 0) return []
    const register = toldState(instruments[i] ?? {})
    return [
      {
        ...(whole ?? instrumentFigures(input, period, { during, isListed: true, bookingRule })),
        set,
        register,
      },
    ]
  })
  const declared = results.map((_, i) => declaredIn(instruments[i]?.claims ?? [], period))
  const more = ({ evidence }: Figures, claimed: DeclaredHours | undefined) => ({
    ...(grades === true ? { evidence } : {}),
    ...(claimed ? { declared: claimed } : {}),
  })
  const fleet = fleetFigures(adding)
  // What is claimed of a part is no claim about its whole.
  const claimed = declared.filter((_, i) => (members[i]?.during.length ?? 0) > 0)
  return {
    ok: true,
    value: {
      instruments: Object.fromEntries(
        results.map((one, i) => [one.id, { ...caseInstrument(one), ...more(one.figures, declared[i]) }]),
      ),
      fleet: {
        ...caseFleet(fleet),
        // As the vector has no register, where nobody tells of it there is no rate of it.
        ...(adding.some(({ register }) => Object.keys(register).length > 0) ? fleet.register : {}),
        ...more(fleet.figures, claimed.some((one) => one !== undefined) ? sumDeclared(claimed) : undefined),
      },
    },
  }
}

/** Claims that begin in the period; undefined = there is none in the case. */
function declaredIn(
  claims: readonly z.infer<typeof CaseClaim>[],
  period: Interval,
): DeclaredHours | undefined {
  if (claims.length === 0) return undefined
  return sumDeclared(claims.filter(({ from, to }) => to > from && from >= period.from && from < period.to))
}

function sumDeclared(all: readonly (DeclaredHours | undefined)[]): DeclaredHours {
  const known = all.flatMap((one) => one ?? [])
  const sum = (of: keyof DeclaredHours) => known.reduce((total, one) => total + one[of], 0)
  return { on: sum('on'), run: sum('run'), effective: sum('effective'), external: sum('external') }
}

const interval = ([from, to]: readonly [number, number]): Interval => ({ from, to })

function inputOf(one: CaseInstrument, zone: string, period: Interval): InstrumentInput {
  const { schedule, quota, recovered } = one
  return {
    id: one.id,
    zone,
    spans: one.spans.map(([state, from, to]) => ({ state, from, to })),
    enrolled: enrolled(one, period),
    prepMs: one.prep,
    postMs: one.post,
    maintenance: one.maintenance.map(interval),
    sessions: one.sessions.flatMap(accepted),
    bookings: one.bookings.flatMap(accepted),
    ...(typeof quota === 'number' ? { quotaHours: quota } : {}),
    ...(typeof recovered === 'number' ? { recoveredMs: recovered } : {}),
    ...(schedule ? { schedule: openHours(schedule, zone, period) } : {}),
  }
}

/**
 * `[from, to]` or a list of them; none given = throughout. A case says nothing of the time beyond its spans and period:
 * nothing there is taken for a run that may yet turn up.
 */
function enrolled({ enrolled: given, spans }: CaseInstrument, period: Interval): Interval[] {
  const told = {
    from: spans.reduce((at, [, from]) => Math.min(at, from), period.from),
    to: spans.reduce((at, [, , to]) => Math.max(at, to), period.to),
  }
  if (!given) return [told]
  const [first, second] = given
  if (typeof first === 'number' && typeof second === 'number')
    return clip([{ from: first, to: second }], told)
  return clip(union(given.flatMap((part) => (typeof part === 'number' ? [] : [interval(part)]))), told)
}

function openHours(
  { weekly, holidays, exceptions }: NonNullable<CaseInstrument['schedule']>,
  zone: string,
  period: Interval,
): Interval[] {
  const closed = Object.fromEntries(holidays.map((day) => [day, []]))
  return expandSchedule({ weekly, exceptions: { ...closed, ...exceptions } }, zone, period)
}

/** A session counts when it has a beneficiary and a purpose, a length, and was not voided (domain.md, section 4.5). */
function accepted(session: z.infer<typeof CaseSession>): UseSession[] {
  const { id, from, to, beneficiary, relation, purpose, user, samples } = session
  if (!beneficiary || !purpose || !relation || to <= from) return []
  if (session.void === true || session.voided === true) return []
  return [
    { id, from, to, beneficiary, relation, purpose, user: user ?? nobody, ...(samples ? { samples } : {}) },
  ]
}
