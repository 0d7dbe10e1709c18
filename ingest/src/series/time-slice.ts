import { setImmediate as turn } from 'node:timers/promises'

/** Work at a time before others have their turn, ms. */
const sliceMs = 5

/** Gives way to others after some milliseconds of work: await it between two pieces. */
export function createSlice(): () => Promise<void> {
  let begun = performance.now()
  return async () => {
    if (performance.now() - begun < sliceMs) return
    await turn()
    begun = performance.now()
  }
}
