/** Why evidence could not be read, made or believed; closed, for machines. Messages name the value and the fix. */
export type LedgerCode =
  | 'oversize'
  | 'bad_note'
  | 'bad_vkey'
  | 'bad_checkpoint'
  | 'bad_signature'
  | 'unknown_key'
  | 'revoked_key'
  | 'key_conflict'
  | 'bad_key'
  | 'bad_proof'
  | 'bad_tile'
  | 'missing_tile'
  | 'bad_witness_request'
  | 'bad_policy'
  | 'no_quorum'
  | 'bad_record'
  | 'bad_header'
  | 'bad_payload'
  | 'wrong_kind'
  | 'wrong_signer'
  | 'bad_receipt'
  | 'receipt_not_mine'
  | 'receipt_stale'
  | 'receipt_base'
  | 'inconsistent'
  | 'not_included'
  | 'out_of_range'
  | 'locked'

/** Thrown for misuse and for a store that lost something; what comes from outside is refused by value instead. */
export class LedgerError extends Error {
  readonly code: LedgerCode
  constructor(code: LedgerCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LedgerError'
    this.code = code
  }
}
