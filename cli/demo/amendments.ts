import { type RecordItem, recordItem, type RunningIngest } from '@hours/ingest'
import { DAY, HOUR, type RecordOf, type SiteId } from '@hours/protocol'
import { chinaDate } from '../china-date.ts'
import type { Story } from './story.ts'

const clerk = 'demo.clerk'

/**
 * What came after the fact: a miscounted sample corrected and agreed to by a second person, a correction that waits for
 * one, two sessions confirmed to be one, and a period that is closed. Each is written once, however often it is asked for.
 */
export async function writeAmendments({
  ingest,
  from,
  pairs,
}: {
  readonly ingest: RunningIngest
  /** Where the history begins. */
  readonly from: number
  readonly pairs: readonly ConfirmedPair[]
}): Promise<void> {
  const { registry, intake } = ingest
  for (const { site, sessions } of pairs)
    if (sessions.every((id) => registry.records('session', site).some(({ record }) => record.id === id)))
      await intake.duplicates.confirm(site, sessions)
  if (registry.records('correction').length === 0) await correct(ingest)
  if (registry.records('close').length === 0) await close(ingest, from)
}

/** One session told by two channels, by the ids of both. */
export interface ConfirmedPair {
  readonly site: SiteId
  readonly sessions: RecordOf<'same-as'>['sessions']
}

async function correct(ingest: RunningIngest): Promise<void> {
  const { registry } = ingest
  const miscounted = registry.records('session').find(({ record }) => (record.samples ?? 0) > 2)
  const training = registry.records('training').find(({ record }) => record.level === 'demonstration')
  if (miscounted) {
    const { samples = 0, validSamples } = miscounted.record
    const counted = { samples: samples - 1, ...(validSamples ? { validSamples: validSamples - 1 } : {}) }
    const reason = 'a sample was counted twice'
    const { hash, stream } = await amend(ingest, miscounted, { reason, counted })
    await ingest.record('approval', stream, { of: hash, by: 'demo.head', role: 'head of the centre' })
  }
  if (training)
    await amend(ingest, training, {
      reason: 'two of them had signed twice',
      counted: { persons: training.record.persons - 2 },
    })
}

async function amend(
  ingest: RunningIngest,
  { record, hash }: { readonly record: RecordOf<'session' | 'training'>; readonly hash: string },
  { reason, counted }: { reason: string; counted: object },
): Promise<{ hash: string; stream: SiteId }> {
  const { v: _v, stream, seq: _seq, prev: _prev, ...body } = record
  const [done] = await ingest.recordAll([
    recordItem('correction', stream, {
      of: hash,
      reason,
      replacement: { ...body, ...counted },
      actor: clerk,
    }),
  ])
  if (!done) throw new Error('a correction of the demo was not written')
  return { hash: done.hash, stream: stream as SiteId }
}

/** The month in which the history begins, where it is over; else the first half of the history. */
export function closedPeriod(from: number, now: number): string {
  const month = chinaDate(from).slice(0, 7)
  if (month !== chinaDate(now).slice(0, 7)) return month
  const half = Math.max(1, Math.floor((now - from) / DAY / 2))
  return `${chinaDate(from)}..${chinaDate(from + half * DAY)}`
}

async function close(ingest: RunningIngest, from: number): Promise<void> {
  await ingest.settled()
  const { log, clock } = ingest
  const now = clock.wall()
  if (now - from < DAY + HOUR) return
  const year = log.years().at(-1) ?? new Date(now).getUTCFullYear()
  const closed = {
    period: closedPeriod(from, now),
    origin: log.origin(year),
    size: log.size(year),
    revision: 1,
  }
  await ingest.recordAll(
    ['all', 'org:gibh', 'org:sysu'].map((scope) => recordItem('close', 'installation', { scope, ...closed })),
  )
}

/** A college's instrument becomes the school's in the middle of the history: its hours are split at that instant. */
export function moveRecords({ registry }: Pick<RunningIngest, 'registry'>, { moved }: Story): RecordItem[] {
  const own = registry.records('enrolment').filter(({ record }) => record.instrument === movedInstrument)
  const [first] = own
  if (!first || own.length > 1) return []
  const { v: _v, stream, seq: _seq, prev: _prev, ...enrolment } = first.record
  return [recordItem('enrolment', stream, { ...enrolment, unit: 'sysu-centre', from: moved, actor: clerk })]
}

/** Of the chemists, and of the school's centre from `Story.moved` on. */
export const movedInstrument = 'xrd-02'
