import { checkSchema, type Decoded, State } from '@hours/protocol'
import { z } from 'zod'
import { fleetFigures, type FleetFigures } from './fleet.ts'
import { type InstrumentFigures, instrumentFigures, type InstrumentInput } from './figures.ts'
import { expandSchedule } from './schedule.ts'

const Instant = z.int()
const Pair = z.tuple([Instant, Instant])
const Hours = z.array(z.tuple([z.string(), z.string()]))

const CaseInstrument = z.object({
  id: z.string(),
  prep: z.int().min(0).default(0),
  post: z.int().min(0).default(0),
  quota: z.number().min(0).optional().describe('hours a year'),
  always_on: z.boolean().optional(),
  enrolled: z.union([Pair, z.array(Pair)]).optional(),
  schedule: z
    .object({
      weekly: z.record(z.string(), Hours),
      holidays: z.array(z.iso.date()).default([]),
      exceptions: z.record(z.iso.date(), Hours).default({}),
    })
    .optional(),
  spans: z.array(z.tuple([State, Instant, Instant])).default([]),
  maintenance: z.array(Pair).default([]),
  recovered: z.int().min(0).optional(),
  sessions: z
    .array(
      z.object({
        id: z.string(),
        from: Instant,
        to: Instant,
        beneficiary: z.string().nullish(),
        relation: z.enum(['own_unit', 'same_entity', 'external']).nullish(),
        purpose: z.enum(['research', 'teaching', 'service']).nullish(),
        user: z.string().nullish(),
        samples: z.int().min(0).nullish(),
        void: z.boolean().optional(),
        voided: z.boolean().optional(),
      }),
    )
    .default([]),
})

/** A case as ../shared/vectors/worked-week.json has it; times Unix ms, durations ms, unknown fields ignored. */
const CaseFile = z
  .object({ zone: z.string().default('Asia/Shanghai'), period: Pair, instruments: z.array(CaseInstrument) })
  .refine(({ period }) => period[1] > period[0], { path: ['period'], message: 'must end after it begins' })

/** Figures by instrument id and for the fleet, in the KPI names of domain.md (camelCase). */
export interface CaseFigures {
  readonly instruments: Readonly<Record<string, InstrumentFigures>>
  readonly fleet: FleetFigures
}

/** Computes every figure of a case file, with no server and no clock; faults are listed with path and value. */
export function figuresOfCase(data: unknown): Decoded<CaseFigures> {
  const read = checkSchema(CaseFile, data)
  if (!read.ok) return read
  const { zone, instruments } = read.value
  const period = { from: read.value.period[0], to: read.value.period[1] }
  const results = instruments.map(
    (one) => [one.id, instrumentFigures(inputOf(one, zone, period), period)] as const,
  )
  return {
    ok: true,
    value: {
      instruments: Object.fromEntries(results.map(([id, { figures }]) => [id, figures])),
      fleet: fleetFigures(
        results.map(([, result]) => result),
        period,
      ),
    },
  }
}

type Case = z.infer<typeof CaseInstrument>

function inputOf(one: Case, zone: string, period: { from: number; to: number }): InstrumentInput {
  const interval = ([from, to]: readonly [number, number]) => ({ from, to })
  const enrolled = one.enrolled === undefined ? [[period.from, period.to] as const] : pairs(one.enrolled)
  const { schedule } = one
  return {
    id: one.id,
    zone,
    spans: one.spans.map(([state, from, to]) => ({ state, from, to })),
    enrolled: enrolled.map(interval),
    prepMs: one.prep,
    postMs: one.post,
    maintenance: one.maintenance.map(interval),
    sessions: one.sessions.flatMap(accepted),
    ...(one.quota === undefined ? {} : { quotaHours: one.quota }),
    ...(one.recovered === undefined ? {} : { recoveredMs: one.recovered }),
    ...(schedule
      ? {
          schedule: expandSchedule(
            {
              weekly: schedule.weekly,
              exceptions: {
                ...schedule.exceptions,
                ...Object.fromEntries(schedule.holidays.map((day) => [day, []])),
              },
            },
            zone,
            period,
          ),
        }
      : {}),
  }
}

const pairs = (enrolled: NonNullable<Case['enrolled']>): readonly (readonly [number, number])[] =>
  typeof enrolled[0] === 'number' ? [enrolled as [number, number]] : (enrolled as [number, number][])

/** A session counts when it has a beneficiary and a purpose, a length, and was not voided (domain.md, section 4.5). */
function accepted(session: Case['sessions'][number]): InstrumentInput['sessions'] {
  const { id, from, to, beneficiary, relation, purpose, user, samples } = session
  if (!beneficiary || !purpose || !relation || to <= from) return []
  if (session.void === true || session.voided === true) return []
  return [{ id, from, to, beneficiary, relation, purpose, user: user ?? id, ...(samples ? { samples } : {}) }]
}
