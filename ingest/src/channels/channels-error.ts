/** What can be wrong with the settings of channels; a probe that fails is a result, never an error. */
export type ChannelsCode = 'bad_settings'

/** Thrown at the start alone; the message names the field, the value and the fix. */
export class ChannelsError extends Error {
  readonly code: ChannelsCode
  constructor(code: ChannelsCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ChannelsError'
    this.code = code
  }
}
