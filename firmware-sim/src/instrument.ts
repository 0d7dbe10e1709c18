import {
  type GatewayId,
  type InstrumentId,
  type InstrumentSettings,
  type KnownState,
  type Names,
  type OrganisationId,
  type SiteId,
  type Source,
  InstrumentSettings as Settings,
} from '@hours/protocol'
import type { Kind } from './kinds.ts'
import { planStretches, type Stretch } from './plan.ts'
import { chance } from './random.ts'

/** One simulated instrument: where it stands, what it draws, and which plug listens to it. */
export interface SimInstrument {
  readonly site: SiteId
  readonly gateway: GatewayId
  readonly id: InstrumentId
  readonly unit: OrganisationId
  readonly kind: Kind
  readonly names: Names
  readonly source: Source
  readonly zone: string
  readonly offsetMs: number
  readonly busy: number
  readonly seed: number
}

/** The instrument's nominal states over [from, to). */
export const stretchesOf = (one: SimInstrument, from: number, to: number): Stretch[] =>
  planStretches({ ...one, id: `${one.site}/${one.id}` }, from, to)

/** W at an instant, given the nominal state since `since`; noise never crosses a threshold. */
export function wattsAt(one: SimInstrument, state: KnownState, since: number, at: number): number {
  const { kind } = one
  const noise = 1 + kind.noise * (2 * chance(one.seed, one.id, at) - 1)
  if (state === 'off') return kind.offW * noise
  if (state === 'standby' || state === 'fault') {
    // Warm-up: the pumps and the electronics come up over ten minutes, always well above off.
    const warm = kind.alwaysOn ? 1 : Math.min(1, 0.6 + (0.4 * (at - since)) / 600_000)
    const { pulse } = kind
    const extra = pulse && at % pulse.everyMs < pulse.forMs ? pulse.watts : 0
    return kind.standbyW * noise * warm + extra
  }
  // A slow swing, as stages, lasers and heaters make it.
  const swing = 1 + 0.05 * Math.sin(at / 97_000 + one.seed)
  return kind.runW * noise * swing
}

/** Settings a careful engineer would enter for this kind: thresholds between the levels, with hysteresis. */
export function settingsOf(one: SimInstrument, sampleMs: number): InstrumentSettings {
  const { kind } = one
  const between = (low: number, high: number, share: number) =>
    Math.round((low + (high - low) * share) * 1_000)
  const top = kind.standbyW * (1 + kind.noise) + (kind.pulse?.watts ?? 0)
  const bottom = kind.runW * (1 - kind.noise) * 0.95
  return Settings.parse({
    id: one.id,
    source: one.source,
    thresholds: {
      onStartMw: between(kind.offW, kind.standbyW * 0.5, 0.5),
      onStopMw: between(kind.offW, kind.standbyW * 0.5, 0.35),
      runStartMw: between(top, bottom, 0.55),
      runStopMw: between(top, bottom, 0.4),
    },
    dwellMs: 30_000,
    maxGapMs: Math.max(30_000, 3 * sampleMs),
    plausibleMw: [-1_000, Math.round(kind.runW * 3_000)],
  })
}
