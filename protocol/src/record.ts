import { z } from 'zod'
import { Approval, Correction, SameAs } from './amendment-records.ts'
import { Incident, Probe } from './channel-records.ts'
import { checkSchema, type Decoded, decodeJson } from './decoded.ts'
import { SiteId } from './ids.ts'
import { Close, Epoch, Key, Opening, ReportRecord, Time } from './log-records.ts'
import { Charge, Subsidy, Tariff, Voucher } from './money-records.ts'
import { Achievement, Rating, Training } from './outcome-records.ts'
import { Config, Enrolment, Membership, Organisation, RuleSet, Schedule } from './site-records.ts'
import { Booking, Claim, Compute, Maintenance, Session } from './use-records.ts'

/** The longest payload of a record; with base64url and signature it stays within an entry's 65,535 bytes. */
export const maxRecordBytes = 45 * 1024

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

/** Reads a record out of a payload that is parsed already. */
export function readRecord<K extends RecordKind>(kind: K, data: unknown): Decoded<RecordOf<K>> {
  return checkSchema(recordSchemas[kind], data) as Decoded<RecordOf<K>>
}

/** Reads a record's payload (the middle part of its JWS, base64url-decoded). */
export function decodeRecord<K extends RecordKind>(kind: K, bytes: Uint8Array): Decoded<RecordOf<K>> {
  return decodeJson(recordSchemas[kind], bytes, maxRecordBytes) as Decoded<RecordOf<K>>
}
