/** What can go wrong at a gateway; closed. Readings and messages that are bad never throw: they are counted. */
export type GatewayCode =
  | 'bad_config'
  | 'spool_damaged'
  | 'spool_locked'
  | 'spool_unusable'
  | 'plain_refused'
  | 'no_key'
  | 'no_runner'

export class GatewayError extends Error {
  readonly code: GatewayCode
  constructor(code: GatewayCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'GatewayError'
    this.code = code
  }
}
