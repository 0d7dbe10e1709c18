/** A flag, else its environment variable, else the default: flags win. */
export const flagOrEnv = (flag: string | undefined, variable: string, fallback: string): string =>
  flag ?? (process.env[variable] || fallback)

/** A TCP port; 0 = pick a free one. */
export function portOf(text: string, flag: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`${flag} "${text}": a port from 0 to 65535 (0 picks a free one)`)
  return port
}

/** A whole number from `low` to `high`. */
export function wholeIn(text: string, flag: string, low: number, high: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < low || value > high)
    throw new Error(`${flag} "${text}": a whole number from ${low} to ${high}`)
  return value
}
