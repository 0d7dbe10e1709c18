import { Enrolment, SiteId } from '@hours/protocol'
import { z } from 'zod'

const { shape } = Enrolment
/** A date may be taken back with the reason; what the house may leave out may be taken back by `null`. */
const optional = {
  kind: shape.kind,
  valueFen: z.int().min(0).max(1e15).optional().describe('what it cost, fen'),
  partOf: shape.partOf.describe('the instrument of this site that it is a station of; both count as one set'),
  inService: shape.inService.describe('civil date from which it was used'),
  purchased: shape.purchased.describe('civil date'),
  mustOpen: shape.mustOpen.describe('whether rules oblige the house to open it to others'),
  bookable: shape.bookable,
  takesSamples: shape.takesSamples.describe('whether others may send samples'),
  centralFunds: shape.centralFunds.describe('bought with money of the central budget'),
  model: shape.model,
  specification: shape.specification,
  manufacturer: shape.manufacturer,
  category: shape.category.describe('number in GB/T 32847'),
}
/** Longer warm-up than a day belongs to a session. */
const Allowance = z.int().min(0).max(86_400_000)
const settled = {
  class: shape.class.unwrap().optional(),
  alwaysOn: z.boolean().optional(),
  exclusive: z.boolean().optional(),
  prepMs: Allowance.optional().describe('necessary warm-up that counts as effective, ms'),
  postMs: Allowance.optional().describe('necessary after-treatment, ms'),
}

/** An instrument as somebody tells it for the first time. */
export const EnrolmentGiven = z.strictObject({
  site: SiteId,
  instrument: shape.instrument,
  gateway: shape.gateway,
  unit: shape.unit.describe('the organisation that manages it'),
  names: shape.names,
  ...settled,
  ...optional,
  from: shape.from.optional().describe('from when on its hours count, Unix ms; absent = now'),
  to: shape.to,
})
export type EnrolmentGiven = z.infer<typeof EnrolmentGiven>

const nullable = <T extends z.ZodType>(one: T) => one.nullable()

/** What changes from an instant on; what is left out stays, `null` takes back what nobody is sure of any more. */
export const EnrolmentChange = z
  .strictObject({
    gateway: shape.gateway,
    unit: shape.unit,
    names: shape.names,
    ...settled,
    kind: nullable(optional.kind),
    valueFen: nullable(optional.valueFen),
    partOf: nullable(optional.partOf),
    inService: nullable(optional.inService),
    purchased: nullable(optional.purchased),
    mustOpen: nullable(optional.mustOpen),
    bookable: nullable(optional.bookable),
    takesSamples: nullable(optional.takesSamples),
    centralFunds: nullable(optional.centralFunds),
    model: nullable(optional.model),
    specification: nullable(optional.specification),
    manufacturer: nullable(optional.manufacturer),
    category: nullable(optional.category),
    from: shape.from.describe('from when on; absent = now'),
  })
  .partial()
export type EnrolmentChange = z.infer<typeof EnrolmentChange>
