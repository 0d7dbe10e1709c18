import { setImmediate as turn } from 'node:timers/promises'

/** Milliseconds of work, then others have their turn. */
const holdMs = 50

/** For work on thousands of things: call it after each, and no other request waits for all of them. */
export function createTurns(): () => Promise<void> {
  let begun = performance.now()
  return async () => {
    if (performance.now() - begun < holdMs) return
    await turn()
    begun = performance.now()
  }
}
