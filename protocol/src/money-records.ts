import { z } from 'zod'
import { InstrumentId, OrganisationId } from './ids.ts'
import { Actor, chained, Short } from './record-fields.ts'
import { Instant, Money } from './units.ts'

// What use costs and who pays for it.

/** Money that one session or work order moved, fen. */
const moneyRecord = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  session: Short.optional(),
  at: Instant,
  fen: Money,
  payer: OrganisationId.optional(),
  tariff: Short.optional(),
  actor: Actor,
})
/** What the user paid. */
export const Charge = moneyRecord
/** What a voucher paid of it. */
export const Voucher = moneyRecord
/** What public money granted for it. */
export const Subsidy = moneyRecord

const Relation = z.enum(['own_unit', 'same_entity', 'external'])

/** The price of one unit, fen, to those who stand in this relation to the owner. */
export const Tariff = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  relation: Relation,
  unit: z.enum(['hour', 'sample', 'core_hour', 'shift']),
  fen: Money,
  from: Instant,
})
