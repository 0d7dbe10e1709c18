import { z } from 'zod'
import { type Decoded, decodeJson } from './decoded.ts'
import { State } from './state.ts'
import { Instant, Power } from './units.ts'

/**
 * Power-on and run-state event: live view only, never evidence (wire.md, section 2).
 * Topic `hours/1/{site}/{gateway}/state/{instrument}`, QoS 1, retained, on every transition.
 * Example `{"v":1,"state":"run","since":1763867400000,"at":1763867430000,"mw":905000,"why":"power"}`.
 */
export const StateEvent = z.object({
  v: z.literal(1),
  state: State,
  /** When the state began (back-dated over the dwell), Unix ms. */
  since: Instant,
  /** When the gateway said so, Unix ms. */
  at: Instant,
  mw: Power.optional(),
  why: z.string().max(60),
})
export type StateEvent = z.infer<typeof StateEvent>

export const encodeStateEvent = (event: StateEvent): string => JSON.stringify(event)
export const decodeStateEvent = (bytes: Uint8Array): Decoded<StateEvent> =>
  decodeJson(StateEvent, bytes, 4_096)
