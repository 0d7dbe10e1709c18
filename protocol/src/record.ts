import { z } from 'zod'
import { type Decoded, decodeJson } from './decoded.ts'
import { GatewayId, OrganisationId, ChannelId, InstrumentId, SiteId } from './ids.ts'
import { InstrumentSettings } from './instrument-settings.ts'
import { Count, Digest, Duration, Instant, Money } from './units.ts'

/** The longest payload of a record; with base64url and signature it stays within an entry's 65,535 bytes. */
export const maxRecordBytes = 45 * 1024

/** Header of every signed thing (records.md, section 1). `kid` is `holder#n`, `typ` is `hours-<kind>+jws`. */
export const RecordHeader = z.strictObject({
  alg: z.enum(['Ed25519', 'ES256']),
  kid: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?#\d{1,9}$/, 'holder#n'),
  typ: z.string().regex(/^hours-[a-z-]{2,24}\+jws$/, 'hours-<kind>+jws'),
})
export type RecordHeader = z.infer<typeof RecordHeader>

/** Numbering of operator and service records, as pages are numbered (records.md, section 2). */
const chained = {
  v: z.literal(1),
  /** A site id or `installation`. */
  stream: z.string().max(40),
  seq: Count,
  prev: Digest.nullable(),
}
const Text = z.string().max(500)
const Short = z.string().min(1).max(120)
/** Languages to texts, such as `{en, zh}`. */
export const Names = z.object({ en: z.string().max(300).optional(), zh: z.string().max(300).optional() })
export type Names = z.infer<typeof Names>
const Actor = z.string().max(80)
const Sha256 = z.string().max(64)
const range = { from: Instant, to: Instant }
const Relation = z.enum(['own_unit', 'same_entity', 'external'])
const approval = z.object({ by: Short, at: Instant, sha256: Sha256.optional() })

/** First leaf of every log. */
export const Opening = z.object({
  v: z.literal(1),
  origin: Short,
  previous: z.object({ origin: Short, size: Count, root: z.string().max(64) }).nullable(),
  keys: z.array(
    z.object({
      holder: Short,
      n: Count,
      alg: z.enum(['Ed25519', 'ES256']),
      public: z.string().max(120),
      from: Instant,
    }),
  ),
})
/** Says when the log had this size; appended at least every 60 s while other records arrive. */
export const Time = z.object({ v: z.literal(1), at: Instant, size: Count })

export const Key = z.object({
  ...chained,
  holder: Short,
  n: Count,
  alg: z.enum(['Ed25519', 'ES256']),
  /** Raw public key (Ed25519: 32 bytes; ES256: 65 bytes uncompressed point), base64url. */
  public: z.string().max(120),
  from: Instant,
  revoked: Instant.optional(),
})
export const Epoch = z.object({ ...chained, gateway: GatewayId, epoch: Count, reason: Text })
export const Organisation = z.object({
  ...chained,
  id: OrganisationId,
  parent: OrganisationId.nullable(),
  kind: z.enum(['province', 'city', 'entity', 'unit']),
  names: Names,
  zone: z.string().max(64).optional(),
  flags: z.object({ sme: z.boolean().optional(), hkMacaoForeign: z.boolean().optional() }).optional(),
  from: Instant,
})
export const Membership = z.object({
  ...chained,
  channel: ChannelId,
  instrument: z.string().max(90).optional(),
  organisation: OrganisationId.optional(),
  from: Instant,
  to: Instant.optional(),
})
export const RuleSet = z.object({ ...chained, id: Short, version: Short, from: Instant, body: z.unknown() })
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
})
export const Config = z.object({
  ...chained,
  gateway: GatewayId,
  revision: Count,
  from: Instant.optional(),
  instruments: z.array(InstrumentSettings).max(256),
})
const LocalTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'HH:MM')
export const Weekly = z.partialRecord(
  z.enum(['1', '2', '3', '4', '5', '6', '7']),
  z.array(z.tuple([LocalTime, LocalTime])),
)
export const Schedule = z.object({
  ...chained,
  /** An instrument id or `*`. */
  instrument: z.string().max(40),
  weekly: Weekly,
  /** Civil date -> opening hours of that date; an empty list is a holiday. */
  exceptions: z.record(z.iso.date(), z.array(z.tuple([LocalTime, LocalTime]))).default({}),
  from: Instant,
})
export const Session = z.object({
  ...chained,
  id: Short,
  externalIds: z
    .array(z.object({ channel: ChannelId, id: Short }))
    .max(8)
    .default([]),
  instrument: InstrumentId,
  ...range,
  beneficiary: OrganisationId,
  /** Pseudonym: a salted commitment, never a name. */
  user: z.string().max(80),
  purpose: z.enum(['research', 'teaching', 'service']),
  way: z.enum(['self', 'operated', 'entrusted', 'remote', 'compute']).default('self'),
  project: z.string().max(80).optional(),
  samples: Count.optional(),
  validSamples: Count.optional(),
  /** When the samples were handed in and the results handed out: their difference is the turnaround. */
  receivedAt: Instant.optional(),
  reportedAt: Instant.optional(),
  /** Beam-time shifts, a unit of their own: never made from hours (domain.md, D8). */
  shifts: Count.optional(),
  approval: approval.optional(),
  actor: Actor,
})
export const Booking = z.object({
  ...chained,
  id: Short,
  externalIds: z
    .array(z.object({ channel: ChannelId, id: Short }))
    .max(8)
    .default([]),
  instrument: InstrumentId,
  ...range,
  beneficiary: OrganisationId.optional(),
  user: z.string().max(80),
  purpose: z.enum(['research', 'teaching', 'service']).optional(),
  cancelled: z.boolean().optional(),
  actor: Actor,
})
export const Maintenance = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  ...range,
  reason: Text.optional(),
  actor: Actor,
})
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
export const Charge = moneyRecord
export const Voucher = moneyRecord
export const Subsidy = moneyRecord
export const Tariff = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  relation: Relation,
  unit: z.enum(['hour', 'sample', 'core_hour', 'shift']),
  fen: Money,
  from: Instant,
})
export const Compute = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  ...range,
  beneficiary: OrganisationId,
  user: z.string().max(80),
  coreMs: Duration,
  nodeMs: Duration.optional(),
  jobs: Count,
  approval: approval.optional(),
  actor: Actor,
})
/** Hours that somebody states without a sensor. */
export const Claim = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  ...range,
  onMs: Duration.optional(),
  runMs: Duration.optional(),
  effectiveMs: Duration.optional(),
  externalMs: Duration.optional(),
  source: Short,
  actor: Actor,
})
export const Training = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  at: Instant,
  group: z.enum(['student', 'teacher', 'other']),
  level: z.enum(['independent', 'guided', 'demonstration']),
  persons: Count,
  actor: Actor,
})
export const Achievement = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  at: Instant,
  kind: z.enum(['paper', 'patent', 'award', 'function']),
  level: z.string().max(40),
  count: Count.default(1),
  actor: Actor,
})
export const Rating = z.object({
  ...chained,
  id: Short,
  instrument: InstrumentId,
  session: Short.optional(),
  at: Instant,
  /** 1 (worst) to 5. */
  score: z.int().min(1).max(5),
  actor: Actor,
})
/** Something a channel or instrument answers for: owner, start, end, evidence (domain.md, D10). */
export const Incident = z.object({
  ...chained,
  id: Short,
  channel: ChannelId.optional(),
  instrument: InstrumentId.optional(),
  kind: z.enum(['page_dead', 'page_slow', 'information_missing', 'certificate', 'fault', 'other']),
  owner: Short,
  from: Instant,
  to: Instant.optional(),
  evidence: Text.optional(),
  actor: Actor,
})
/** One digest a channel a day. */
export const Probe = z.object({
  ...chained,
  channel: ChannelId,
  day: z.iso.date(),
  probed: Count,
  ok: Count,
  latencyMs: z.object({ p50: Count, p95: Count }),
  completeness: z.number().min(0).max(1).nullable(),
  failures: z.array(z.object({ reason: Short, count: Count })).max(32),
})
export const Correction = z.object({
  ...chained,
  /** SHA-256 (base64url) of the corrected record's bytes. */
  of: Digest,
  reason: Text,
  void: z.boolean().optional(),
  replacement: z.unknown().optional(),
  actor: Actor,
})
export const Approval = z.object({ ...chained, of: Digest, by: Short, role: Short })
export const SameAs = z.object({ ...chained, sessions: z.tuple([Short, Short]) })
export const Close = z.object({
  ...chained,
  scope: Short,
  period: Short,
  origin: Short,
  size: Count,
  revision: Count,
})
export const ReportRecord = z.object({
  ...chained,
  statement: Digest,
  scope: Short,
  period: Short,
  revision: Count,
})

/** Every kind of record by the name in its `typ`; pages and receipts have files of their own. */
export const recordSchemas = {
  opening: Opening,
  time: Time,
  key: Key,
  epoch: Epoch,
  organisation: Organisation,
  membership: Membership,
  ruleset: RuleSet,
  enrolment: Enrolment,
  config: Config,
  schedule: Schedule,
  session: Session,
  booking: Booking,
  maintenance: Maintenance,
  charge: Charge,
  voucher: Voucher,
  subsidy: Subsidy,
  tariff: Tariff,
  compute: Compute,
  claim: Claim,
  training: Training,
  achievement: Achievement,
  rating: Rating,
  incident: Incident,
  probe: Probe,
  correction: Correction,
  approval: Approval,
  'same-as': SameAs,
  close: Close,
  report: ReportRecord,
} as const

export type RecordKind = keyof typeof recordSchemas
export type RecordOf<K extends RecordKind> = z.infer<(typeof recordSchemas)[K]>
/** The payload of a record before it is numbered in its stream. */
export type RecordBody<K extends RecordKind> = Omit<RecordOf<K>, 'v' | 'stream' | 'seq' | 'prev'>

/** Who may sign which kind (records.md, section 2). */
export const recordSigner: Record<RecordKind, readonly ('operator' | 'service' | 'report')[]> = {
  opening: ['operator'],
  time: ['service'],
  key: ['operator'],
  epoch: ['operator'],
  organisation: ['operator'],
  membership: ['operator'],
  ruleset: ['operator'],
  enrolment: ['operator'],
  config: ['operator'],
  schedule: ['service'],
  session: ['service'],
  booking: ['service'],
  maintenance: ['service'],
  charge: ['service'],
  voucher: ['service'],
  subsidy: ['service'],
  tariff: ['service'],
  compute: ['service'],
  claim: ['service'],
  training: ['service'],
  achievement: ['service'],
  rating: ['service'],
  incident: ['service'],
  probe: ['service'],
  correction: ['operator', 'service'],
  approval: ['operator', 'service'],
  'same-as': ['service'],
  close: ['operator'],
  report: ['report'],
}

export const isRecordKind = (kind: string): kind is RecordKind => Object.hasOwn(recordSchemas, kind)

/** Streams of operator and service records that are not a site's own. */
export const installationStream = 'installation'
export const StreamId = z.union([SiteId, z.literal(installationStream)])

/** Reads a record's payload (the middle part of its JWS, base64url-decoded). */
export function decodeRecord<K extends RecordKind>(kind: K, bytes: Uint8Array): Decoded<RecordOf<K>> {
  return decodeJson(recordSchemas[kind], bytes, maxRecordBytes) as Decoded<RecordOf<K>>
}
