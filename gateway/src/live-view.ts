import {
  type Clock,
  encodeStateEvent,
  type GatewayId,
  InstrumentId,
  type SiteId,
  stateTopic,
} from '@hours/protocol'
import type { Transition } from '@hours/sensing'
import type { InstrumentLog } from './instrument-log.ts'
import type { Session } from './transport.ts'

/** State events are the live view: sent at once or not at all, never spooled. */
export interface LiveView {
  /** The last of the transitions, if there is one. */
  say(instrument: string, transitions: readonly Transition[]): void
  /** How all instruments stand, for whoever was not there before this connection. */
  sayAll(instruments: ReadonlyMap<string, InstrumentLog>): void
}

export function createLiveView(options: {
  readonly site: SiteId
  readonly gateway: GatewayId
  readonly clock: Clock
  readonly session: () => Session | undefined
}): LiveView {
  const { site, gateway, clock } = options

  function say(instrument: string, transitions: readonly Transition[]): void {
    const session = options.session()
    const last = transitions.at(-1)
    if (!session || !last) return
    const { state, since, at, mw, why } = last
    const event = encodeStateEvent({ v: 1, state, since, at, ...(mw === undefined ? {} : { mw }), why })
    session
      .publish(stateTopic(site, gateway, InstrumentId.parse(instrument)), event, { retain: true })
      .catch(() => undefined)
  }

  return {
    say,
    sayAll(instruments) {
      for (const [id, book] of instruments) {
        const { state, since, mw } = book.current()
        const event = { state, since, at: clock.wall(), why: 'connected', ...(mw === null ? {} : { mw }) }
        if (since > 0) say(id, [event])
      }
    },
  }
}
