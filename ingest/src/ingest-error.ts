/** What can go wrong in ingest; closed, for machines. Bad input from gateways is never thrown: it is quarantined. */
export type IngestCode =
  | 'bad_account'
  | 'bad_csr'
  | 'bad_login'
  | 'log_damaged'
  | 'log_rolled_back'
  | 'log_halted'
  | 'store_failed'
  | 'oversize'
  | 'bad_record'
  | 'bad_key'
  | 'bad_option'
  | 'closed'
  | 'clock_behind'

/** Thrown for misuse, a damaged store or a failing disk; the message names what was found and the fix. */
export class IngestError extends Error {
  readonly code: IngestCode
  constructor(code: IngestCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'IngestError'
    this.code = code
  }
}
