import { createHash } from 'node:crypto'
import type { InstrumentKey } from '@hours/protocol'
import type { DraftItem, DraftKind } from './drafted.ts'

type Input = Readonly<Record<string, unknown>>

/** One more record that a row of use carries: money that moved, or what the user thought of it. */
export interface RowPart {
  readonly kind: DraftKind
  readonly input: Input
}

const filled = (value: unknown) => value !== undefined && value !== null && value !== ''

const money = [
  { kind: 'charge', yuan: 'yuan', fen: 'fen' },
  { kind: 'voucher', yuan: 'voucherYuan', fen: 'voucherFen' },
  { kind: 'subsidy', yuan: 'subsidyYuan', fen: 'subsidyFen' },
] as const

/** Charge, voucher, subsidy and rating out of the columns of a session: records of their own, tied to it by its id. */
export function partsOf(input: Input, session: DraftItem): RowPart[] {
  if (session.kind !== 'session') return []
  const { id, instrument, to, beneficiary } = session.body
  const common = {
    instrument: `${session.stream}/${instrument}` as InstrumentKey,
    session: id,
    at: to,
    payer: beneficiary,
    ...(filled(input['tariff']) ? { tariff: input['tariff'] } : {}),
  }
  const moved = money
    .filter(({ yuan, fen }) => filled(input[yuan]) || filled(input[fen]))
    .map(({ kind, yuan, fen }) => ({
      kind,
      input: { ...common, id: partId(kind, id), yuan: input[yuan], fen: input[fen] },
    }))
  if (!filled(input['score'])) return moved
  return [...moved, { kind: 'rating', input: { ...common, id: partId('rating', id), score: input['score'] } }]
}

/** The same part of the same session has the same id, however often it is sent. */
function partId(kind: string, session: string): string {
  const named = `${session}:${kind}`
  if (named.length <= 120) return named
  return `${kind}-${createHash('sha256').update(session).digest('base64url').slice(0, 22)}`
}
