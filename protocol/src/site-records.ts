import { z } from 'zod'
import { ChannelId, GatewayId, InstrumentId, OrganisationId } from './ids.ts'
import { InstrumentSettings } from './instrument-settings.ts'
import { Actor, chained, Short } from './record-fields.ts'
import { Count, Duration, Instant, Money } from './units.ts'

// What a site is: whose it is, which instruments it has, how they are measured and when they are open.

/** Languages to texts, such as `{en, zh}`. */
export const Names = z.object({ en: z.string().max(300).optional(), zh: z.string().max(300).optional() })
export type Names = z.infer<typeof Names>

/** A province, city, entity or unit, and below whom it stands. */
export const Organisation = z.object({
  ...chained,
  id: OrganisationId,
  parent: OrganisationId.nullable(),
  kind: z.enum(['province', 'city', 'entity', 'unit']),
  names: Names,
  zone: z.string().max(64).optional(),
  flags: z.object({ sme: z.boolean().optional(), hkMacaoForeign: z.boolean().optional() }).optional(),
  from: Instant,
  actor: Actor.optional(),
})

/** A channel carries an instrument (`site/instrument`) or all of an organisation from then on. */
export const Membership = z.object({
  ...chained,
  channel: ChannelId,
  instrument: z.string().max(90).optional(),
  organisation: OrganisationId.optional(),
  from: Instant,
  to: Instant.optional(),
  actor: Actor.optional(),
})

/** The rules that an authority assesses by, as a document of their own. */
export const RuleSet = z.object({ ...chained, id: Short, version: Short, from: Instant, body: z.unknown() })

/** What an assessment or a form asks of an instrument beside its hours; absent = nobody has said. */
const assets = {
  /** Civil dates; it may have come into service long before it got its sensor. */
  inService: z.iso.date().optional(),
  purchased: z.iso.date().optional(),
  /** Whether it has to be open to others, is offered for booking, and is measured on for others. */
  mustOpen: z.boolean().optional(),
  bookable: z.boolean().optional(),
  takesSamples: z.boolean().optional(),
  /** Bought with money of the central budget. */
  centralFunds: z.boolean().optional(),
  model: Short.optional(),
  specification: Short.optional(),
  manufacturer: Short.optional(),
  /** Number in GB/T 32847 or in the classification that the house uses. */
  category: z.string().min(1).max(40).optional(),
}

/** Admits an instrument to a gateway; the newest record for an instrument and instant stands. */
export const Enrolment = z.object({
  ...chained,
  instrument: InstrumentId,
  gateway: GatewayId,
  /** The managing organisation. */
  unit: OrganisationId,
  from: Instant,
  to: Instant.optional(),
  names: Names,
  class: z.enum(['general', 'special', 'machinery']).default('general'),
  /** Field of use, such as `sem`, `nmr`; for cohorts and pictures only. */
  kind: z.string().max(40).optional(),
  alwaysOn: z.boolean().default(false),
  exclusive: z.boolean().default(true),
  valueFen: Money.optional(),
  prepMs: Duration.default(0),
  postMs: Duration.default(0),
  partOf: InstrumentId.optional(),
  ...assets,
  actor: Actor.optional(),
})

/** What a gateway measures and how; the highest revision is in force. */
export const Config = z.object({
  ...chained,
  gateway: GatewayId,
  revision: Count,
  from: Instant.optional(),
  instruments: z.array(InstrumentSettings).max(256),
  actor: Actor.optional(),
})

const LocalTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'HH:MM')

/** ISO weekday (1 is Monday) to opening hours in the time of the site. */
export const Weekly = z.partialRecord(
  z.enum(['1', '2', '3', '4', '5', '6', '7']),
  z.array(z.tuple([LocalTime, LocalTime])),
)

/** When an instrument is meant to be open; the denominator of its rates. */
export const Schedule = z.object({
  ...chained,
  /** An instrument id or `*`. */
  instrument: z.string().max(40),
  weekly: Weekly,
  /** Civil date -> opening hours of that date; an empty list is a holiday. */
  exceptions: z.record(z.iso.date(), z.array(z.tuple([LocalTime, LocalTime]))).default({}),
  from: Instant,
  actor: Actor.optional(),
})
