/** A unit that answers with an exception is there, or a converter says that it is not. */
export const isException = (error: unknown): boolean =>
  error instanceof Error && 'modbusCode' in error && typeof error.modbusCode === 'number'
