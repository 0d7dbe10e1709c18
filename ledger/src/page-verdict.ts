import type { ChainState } from './chain-state.ts'

/** Why a page is refused (wire.md, section 3); closed. `equivocation` and `void` pages are logged, but count for nothing. */
export type PageCode =
  | 'malformed'
  | 'oversize'
  | 'bad_signature'
  | 'unknown_key'
  | 'revoked_key'
  | 'unknown_version'
  | 'bad_field'
  | 'topic_mismatch'
  | 'unopened_epoch'
  | 'unknown_instrument'
  | 'spans'
  | 'future'
  | 'overlap'
  | 'counters'
  | 'chain'
  | 'equivocation'
  | 'void'

/** What is noticed about a page without refusing it. */
export type FindingCode =
  | 'gap'
  | 'split_view'
  | 'seen_ahead'
  | 'clock_stepped'
  | 'clock_unsynced'
  | 'clock_drift'
  | 'time_bracket'
  | 'clock_error'
  | 'energy_fell'
  | 'config'
  | 'config_stale'
  | 'spool_dropped'
  | 'replay'

export interface Finding {
  readonly code: FindingCode
  readonly message: string
}

/**
 * What the chain rules say. `accept`, `equivocation` and `void` are appended to the log (`isLogged`), `duplicate` is
 * there already, `refuse` goes to the refused table. `state` is the chain after it.
 */
export type PageVerdict =
  | { readonly verdict: 'accept'; readonly state: ChainState; readonly findings: readonly Finding[] }
  | { readonly verdict: 'duplicate'; readonly state: ChainState; readonly findings: readonly Finding[] }
  | ({ readonly verdict: 'equivocation'; readonly code: 'equivocation' } & Told)
  | ({ readonly verdict: 'void'; readonly code: 'void' } & Told)
  | ({ readonly verdict: 'refuse'; readonly code: PageCode } & Told)

interface Told {
  readonly reason: string
  readonly state: ChainState
  readonly findings: readonly Finding[]
}

export const isLogged = ({ verdict }: PageVerdict): boolean =>
  verdict === 'accept' || verdict === 'equivocation' || verdict === 'void'
