import { createHash } from 'node:crypto'
import type { InstrumentKey } from '@hours/protocol'
import type { DraftItem, DraftKind } from './drafted.ts'
import type { RowFault } from './row-fault.ts'
import type { Tariffs } from './tariffs.ts'

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

/**
 * Charge, voucher, subsidy and rating out of the columns of a use: records of their own, tied to it by its id. A tariff
 * without an amount gives the amount (domain.md, section 3, row 12).
 */
export function partsOf(input: Input, use: DraftItem, tariffs: () => Tariffs): RowPart[] | RowFault {
  if (use.kind !== 'session' && use.kind !== 'compute') return []
  const { id, instrument, to, beneficiary } = use.body
  const common = {
    instrument: `${use.stream}/${instrument}` as InstrumentKey,
    at: to,
    ...(use.kind === 'session' ? { session: id } : {}),
  }
  const moved: RowPart[] = money
    .filter(({ yuan, fen }) => filled(input[yuan]) || filled(input[fen]))
    .map(({ kind, yuan, fen }) => ({
      kind,
      input: {
        ...{ ...common, id: partId(kind, id), payer: beneficiary, yuan: input[yuan], fen: input[fen] },
        ...(kind === 'charge' && filled(input['tariff']) ? { tariff: input['tariff'] } : {}),
      },
    }))
  const { tariff } = input
  if (typeof tariff === 'string' && tariff.trim() !== '' && moved.every(({ kind }) => kind !== 'charge')) {
    const price = tariffs().price(use, tariff.trim())
    if ('reason' in price) return price
    moved.unshift({
      kind: 'charge',
      input: { ...common, id: partId('charge', id), payer: beneficiary, ...price },
    })
  }
  if (use.kind === 'session' && filled(input['score']))
    moved.push({ kind: 'rating', input: { ...common, id: partId('rating', id), score: input['score'] } })
  return moved
}

/** The same part of the same session has the same id, however often it is sent. */
function partId(kind: string, session: string): string {
  const named = `${session}:${kind}`
  if (named.length <= 120) return named
  return `${kind}-${createHash('sha256').update(session).digest('base64url').slice(0, 22)}`
}
