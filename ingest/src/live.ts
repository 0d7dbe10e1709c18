import {
  type Clock,
  type GatewayId,
  type InstrumentId,
  type InstrumentKey,
  instrumentKey,
  type Millis,
  type SiteId,
  type State,
  type StateEvent,
  type Status,
} from '@hours/protocol'
import type { Live, LiveState } from './ports.ts'

/** A gateway that is silent for longer is not online, whatever it said last. */
const silentAfterMs = 90_000

/** The live view with what feeds it. */
export interface LiveWriter extends Live {
  state(site: SiteId, gateway: GatewayId, instrument: InstrumentId, event: StateEvent): void
  status(site: SiteId, gateway: GatewayId, status: Status): void
  /** Any other message is a sign of life too. */
  heard(site: SiteId, gateway: GatewayId): void
  /** Tells listeners of instruments whose gateway has fallen silent; to be called every few seconds. */
  sweep(): void
}

interface Gateway {
  lastHeard: Millis
  status: Status | undefined
  silent: boolean
  readonly keys: Set<InstrumentKey>
}

export function createLive(clock: Clock): LiveWriter {
  const gateways = new Map<string, Gateway>()
  const states = new Map<InstrumentKey, { gateway: string; state: LiveState }>()
  const listeners = new Set<(key: InstrumentKey, state: LiveState) => void>()
  const told = new Map<InstrumentKey, string>()

  function gatewayOf(site: SiteId, gateway: GatewayId): Gateway {
    const name = `${site}/${gateway}`
    const known = gateways.get(name)
    if (known) return known
    const fresh: Gateway = { lastHeard: clock.wall(), status: undefined, silent: false, keys: new Set() }
    gateways.set(name, fresh)
    return fresh
  }

  const isOnline = (one: Gateway | undefined) =>
    one !== undefined && clock.wall() - one.lastHeard <= silentAfterMs && one.status?.online !== false

  function instrument(key: InstrumentKey): LiveState {
    const known = states.get(key)
    if (!known) return { state: 'unknown', since: null, at: clock.wall(), mw: null }
    const gateway = gateways.get(known.gateway)
    if (isOnline(gateway)) return known.state
    const since = gateway?.lastHeard ?? known.state.at
    return { state: 'unknown', since, at: clock.wall(), mw: null }
  }

  function stateOf(key: InstrumentKey): State {
    const known = states.get(key)
    return known && isOnline(gateways.get(known.gateway)) ? known.state.state : 'unknown'
  }

  function set(site: SiteId, gateway: GatewayId, id: InstrumentId, state: LiveState): void {
    const key = instrumentKey(site, id)
    const before = states.get(key)?.state
    // Events may cross on their way; the newest stands. A change of gateway is newer by itself.
    if (before && before.at > state.at && states.get(key)?.gateway === `${site}/${gateway}`) return
    states.set(key, { gateway: `${site}/${gateway}`, state })
    gatewayOf(site, gateway).keys.add(key)
  }

  /** Listeners hear of changes alone, whatever brought them about. */
  function tell(key: InstrumentKey): void {
    const state = instrument(key)
    const name = `${state.state} ${state.since ?? ''} ${state.mw ?? ''}`
    if (told.get(key) === name) return
    told.set(key, name)
    for (const listener of listeners) listener(key, state)
  }

  function tellAll(gateway: Gateway): void {
    for (const key of gateway.keys) tell(key)
  }

  function heard(site: SiteId, gateway: GatewayId): void {
    const one = gatewayOf(site, gateway)
    const wasOnline = isOnline(one)
    one.lastHeard = clock.wall()
    one.silent = false
    if (!wasOnline) tellAll(one)
  }

  return {
    instrument,
    stateOf,
    gateway(site, gateway) {
      const one = gateways.get(`${site}/${gateway}`)
      return { online: isOnline(one), lastHeard: one?.lastHeard ?? null, status: one?.status }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    heard,
    state(site, gateway, id, { state, since, at, mw = null }) {
      set(site, gateway, id, { state, since, at, mw })
      heard(site, gateway)
      tell(instrumentKey(site, id))
    },
    status(site, gateway, status) {
      const one = gatewayOf(site, gateway)
      for (const [id, [state, since, mw]] of Object.entries(status.instruments ?? {}))
        set(site, gateway, id as InstrumentId, { state, since, at: status.at, mw })
      one.status = status.instruments ? status : { ...one.status, ...status }
      // The will comes from the broker: it says that the gateway was lost, not that it was heard.
      if (status.online) heard(site, gateway)
      tellAll(one)
    },
    sweep() {
      for (const one of gateways.values()) {
        if (one.silent || clock.wall() - one.lastHeard <= silentAfterMs) continue
        one.silent = true
        tellAll(one)
      }
    },
  }
}
