/** `bad_settings`: thresholds or times that contradict; `not_final`: spans were asked for too early. */
export type SensingErrorCode = 'bad_settings' | 'not_final' | 'bad_recording'

/** The one error class of this room; bad readings never throw, they are refused by value. */
export class SensingError extends Error {
  readonly code: SensingErrorCode
  constructor(code: SensingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SensingError'
    this.code = code
  }
}
