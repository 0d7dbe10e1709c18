import { DAY, type Millis } from '@hours/protocol'
import {
  byWeekHour,
  instrumentTime,
  intersect,
  type Interval,
  reachMs,
  subtract,
  total,
  union,
} from '@hours/usage'
import type { Index, InstrumentEntry, Registry } from '../ports.ts'
import type { InstrumentInputs } from '../series/instrument-inputs.ts'

/** When an instrument could be had: nothing of who has booked the rest. */
export interface IdleSlots {
  /** Inside the opening hours and enrolled, neither booked nor under maintenance; null = it has no opening hours. */
  readonly slots: readonly Interval[] | null
  /**
   * `idle_h` of the last whole weeks by hour of the week (0 = Monday 00-01 local), ms; null = no opening hours. Unknown
   * time is not idle (domain.md, section 4.6).
   */
  readonly idleByWeekHour: readonly number[] | null
  /** What the weeks are: [from, to). */
  readonly weeks: Interval
  readonly idleMs: number | null
  /** Known over enrolled time of these weeks; null = not enrolled then. */
  readonly coverage: number | null
}

export interface IdleSlotsOptions {
  readonly registry: Pick<Registry, 'records'>
  readonly index: Pick<Index, 'spans'>
  readonly inputs: InstrumentInputs
  /** Slots of [from, to). */
  readonly window: Interval
  readonly now: Millis
  /** Shorter ones are left out. */
  readonly minMs: number
}

const weeks = 4

export function idleSlots(entry: InstrumentEntry, options: IdleSlotsOptions): IdleSlots {
  const { inputs, window, now, minMs, index } = options
  const past = { from: now - weeks * 7 * DAY, to: now }
  const spans = index.spans(entry.key, past.from - reachMs, past.to)
  const time = instrumentTime(inputs.of(entry, past, spans), [past])
  const { own, maintenance } = time
  const inPast = (list: readonly Interval[]) => intersect(list, [past])
  const unknown = time.inState('unknown')
  const idle = time.open && inPast(subtract(subtract(subtract(time.open, own), maintenance), unknown))
  const enrolled = total(inPast(time.window))
  return {
    slots:
      freeSlots(entry, options)?.filter(({ from, to }) => to - from >= minMs && to > window.from) ?? null,
    idleByWeekHour: idle ? byWeekHour(idle, entry.zone, past) : null,
    weeks: past,
    idleMs: idle ? total(idle) : null,
    coverage: enrolled > 0 ? (enrolled - total(inPast(unknown))) / enrolled : null,
  }
}

function freeSlots(entry: InstrumentEntry, { registry, inputs, window }: IdleSlotsOptions) {
  const input = inputs.of(entry, window, [])
  if (!input.schedule) return undefined
  const open = intersect(intersect(union(input.schedule), union(input.enrolled)), [window])
  const taken = [
    ...registry.records('booking', entry.site).filter(({ record }) => record.cancelled !== true),
    ...registry.records('session', entry.site),
    ...registry.records('maintenance', entry.site),
  ].flatMap(({ record }) => (record.instrument === entry.enrolment.instrument ? record : []))
  return subtract(open, union(taken.filter(({ from, to }) => to > from)))
}
