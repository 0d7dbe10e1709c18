/**
 * Why points are not stored. `away` and `refused` may be tried again as they are; `partly_stored` line by line;
 * `too_large` in smaller batches; `bad_point` never.
 */
export type SeriesCode = 'away' | 'refused' | 'partly_stored' | 'too_large' | 'bad_point'

/** A fault of the series store; `message` says in plain words what is wrong and what to do. */
export class SeriesError extends Error {
  readonly code: SeriesCode
  constructor(code: SeriesCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SeriesError'
    this.code = code
  }
}
