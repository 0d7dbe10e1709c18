import type { FindingCode } from '@hours/ledger'

/** What is noteworthy without being wrong, in words; the hours concerned count as the rules say. */
const words: Record<FindingCode, string> = {
  gap: 'stretch(es) of numbered pages missing: their time is unknown',
  split_view: 'page(s) of gateways that have seen another log',
  seen_ahead: 'page(s) of gateways that have seen more of the log',
  clock_stepped: 'page(s) whose clock was stepped by over a second',
  clock_unsynced: 'page(s) without a synchronised clock',
  clock_drift: 'page(s) whose wall clock and monotonic clock differ by over a second',
  clock_error: 'page(s) whose clock may be wrong by over a second, as it says itself',
  time_bracket: 'page(s) outside of the times that the log allows',
  energy_fell: 'page(s) with an energy counter that fell',
  config: 'page(s) under settings the operator has not signed',
  config_stale: 'page(s) under settings that newer ones had replaced for over an hour',
  spool_dropped: 'time(s) that a gateway says it has lost pages to a full spool',
  replay: 'page(s) logged again: each counts once',
}

/** One line a kind, in the order they were met. */
export const findingLines = (findings: ReadonlyMap<FindingCode, number>): string[] =>
  [...findings].map(([code, n]) => `noticed: ${n.toLocaleString('en')} ${words[code]}`)
