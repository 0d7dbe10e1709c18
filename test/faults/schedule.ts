import { createRandom } from '@hours/firmware-sim'
import { HOUR, type Millis, MINUTE } from '@hours/protocol'

/** One timed fault; times are true simulated Unix ms, `forMs` until it is over. */
export interface Fault {
  readonly kind: FaultKind
  readonly at: Millis
  readonly forMs: Millis
  /** Index of the gateway it strikes; the server's own faults strike 0 and mean all. */
  readonly gateway: number
  /** ms of a clock step, or bytes/s of a slow network, or connections dropped by a storm, or bytes a file may have. */
  readonly amount: number
}

export const faultKinds = [
  'gateway-kill',
  'gateway-reboot',
  'gateway-disk',
  'server-kill',
  'server-disk',
  'cut',
  'slow',
  'echo',
  'clock-step',
  'storm',
] as const
export type FaultKind = (typeof faultKinds)[number]

export interface Schedule {
  readonly seed: number
  readonly start: Millis
  /** The judged time is [start, end). */
  readonly end: Millis
  readonly gateways: number
  readonly perGateway: number
  readonly faults: readonly Fault[]
}

/** How often each kind comes in one schedule, at least and at most. */
const often: Readonly<Record<FaultKind, readonly [number, number]>> = {
  'gateway-kill': [1, 3],
  'gateway-reboot': [0, 1],
  'gateway-disk': [0, 2],
  'server-kill': [1, 2],
  'server-disk': [0, 1],
  cut: [1, 2],
  slow: [0, 2],
  echo: [1, 3],
  'clock-step': [0, 2],
  storm: [0, 2],
}

/** Seconds to hours, either way; never below the 1 s that counts as slewing (records.md, section 4). */
const steps = [2_500, 7_000, 61_000, 900_000, HOUR, 5 * HOUR]

/** The faults of one seed: a pure function, so that a seed in the table is enough to see its schedule again. */
export function faultSchedule(seed: number, hours = 14, gateways = 2): Schedule {
  const next = createRandom(seed * 2_654_435 + 17)
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  const start = Date.UTC(2026, 2, 2) + whole(0, 6) * 24 * HOUR
  const end = start + hours * HOUR
  const faults: Fault[] = []
  for (const kind of faultKinds)
    for (let n = whole(...often[kind]); n > 0; n--) {
      const forMs = lengthOf(kind, next)
      // Odd ms: no fault falls together with a sample or with a question to the clock.
      const at = start + 20 * MINUTE + Math.floor(next() * (end - start - forMs - HOUR)) + 0.5
      faults.push({
        kind,
        at: Math.floor(at / 1_000) * 1_000 + whole(101, 899),
        forMs,
        gateway: kind.startsWith('server') ? 0 : whole(0, gateways - 1),
        amount: amountOf(kind, whole),
      })
    }
  faults.sort((a, b) => a.at - b.at)
  return { seed, start, end, gateways, perGateway: whole(2, 4), faults }
}

function lengthOf(kind: FaultKind, next: () => number): Millis {
  const between = (low: number, high: number) => Math.floor(low + next() ** 2 * (high - low))
  switch (kind) {
    // Some shorter than maxGap, most longer.
    case 'gateway-kill':
      return between(12_000, 40 * MINUTE)
    case 'storm':
      return 2 * MINUTE
    case 'clock-step':
      return between(3 * MINUTE, 2 * HOUR)
    case 'echo':
      return between(HOUR, 6 * HOUR)
    default:
      return between(5 * MINUTE, 3 * HOUR)
  }
}

function amountOf(kind: FaultKind, whole: (low: number, high: number) => number): number {
  if (kind === 'clock-step' || kind === 'gateway-reboot')
    return (steps[whole(0, steps.length - 1)] ?? 0) * (whole(0, 1) === 0 ? 1 : -1)
  if (kind === 'slow') return whole(20_000, 200_000)
  if (kind === 'storm') return whole(5, 25)
  // Files may not grow beyond this: nothing at all, or a page of a database torn in the middle.
  if (kind.endsWith('disk')) return whole(0, 1) === 0 ? 0 : whole(1_000, 40_000)
  return 0
}
