/** What can go wrong when a broker starts; bad clients never throw, they are refused and counted. */
export type BrokerCode = 'port_in_use' | 'plain_refused' | 'bad_tls' | 'closed'

export class BrokerError extends Error {
  readonly code: BrokerCode
  constructor(code: BrokerCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BrokerError'
    this.code = code
  }
}
