/**
 * Why points are not stored. `away` and `refused` may be tried again as they are; `partly_stored` line by line;
 * `too_large` in smaller batches; `expired` = all are stored but those that are older than the store keeps; `bad_point`
 * never.
 */
export type SeriesCode = 'away' | 'refused' | 'partly_stored' | 'too_large' | 'expired' | 'bad_point'

/** A fault of the series store; `message` says in plain words what is wrong and what to do. */
export class SeriesError extends Error {
  readonly code: SeriesCode
  /** How many points were not stored, where the server says it. */
  readonly dropped: number | undefined
  constructor(
    code: SeriesCode,
    message: string,
    options: ErrorOptions & { dropped?: number | undefined } = {},
  ) {
    super(message, options)
    this.name = 'SeriesError'
    this.code = code
    this.dropped = options.dropped
  }
}
