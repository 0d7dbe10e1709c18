import type { Sample } from '@hours/sensing'

/**
 * A second set of generated recordings, made in another way than `calibration-families.ts`: an operator (a semi-Markov plan) uses an appliance (phases, thermostats, ramps, correlated noise)
 * that a meter watches (steps, jitter, drops, reports on change).
 */
export interface Watched {
  readonly name: string
  readonly kind: Kind
  readonly samples: readonly Sample[]
  /** True runs, Unix ms. */
  readonly runs: readonly { readonly from: number; readonly to: number }[]
  /** What an honest reader of the curve would do: `either` where power alone cannot tell a run from a waiting machine. */
  readonly expect: 'accept' | 'refuse' | 'either'
}

export const kinds = [
  'steady',
  'warm standby',
  'phases',
  'thermostat run',
  'motor run',
  'dips of 20 s',
  'pulses in standby',
  'slow ramps',
  'report on change',
  'coarse meter',
  'faulty meter',
  'long gap',
  'rarely used',
  'compressor in standby',
  'sleeps after a while',
  'never run',
  'only ever run',
  'only warms up',
  'levels overlap',
] as const
export type Kind = (typeof kinds)[number]

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const start = Date.parse('2026-06-01T00:00:00Z')
const end = start + 2 * DAY

/** xorshift128: the same seed gives the same recording everywhere. */
function dice(seed: number) {
  let [x, y, z, w] = [seed | 1, 362_436_069 ^ seed, 521_288_629, 88_675_123 ^ (seed << 7)]
  const next = (): number => {
    const t = x ^ (x << 11)
    ;[x, y, z] = [y, z, w]
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8)
    return (w >>> 0) / 4_294_967_296
  }
  for (let i = 0; i < 40; i++) next()
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return {
    next,
    normal,
    between: (low: number, high: number) => low + (high - low) * next(),
    scale: (low: number, high: number) => low * (high / low) ** next(),
    /** Gamma of shape 2: lengths that people choose. */
    wait: (mean: number) => (-Math.log(1 - next()) - Math.log(1 - next())) * (mean / 2),
    of: <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T,
  }
}
type Dice = ReturnType<typeof dice>

interface Stay {
  readonly state: 'off' | 'idle' | 'run'
  readonly from: number
  readonly to: number
}

/** Who uses the machine, and when: off at night or always on, runs and pauses of random length, perhaps a day without. */
function operator(kind: Kind, d: Dice): Stay[] {
  const stays: Stay[] = []
  const at = () => stays.at(-1)?.to ?? start
  const stay = (state: Stay['state'], to: number) => {
    const last = stays.at(-1)
    if (to <= at()) return
    if (last?.state === state) stays[stays.length - 1] = { ...last, to: Math.min(end, to) }
    else stays.push({ state, from: at(), to: Math.min(end, to) })
  }
  const always = d.next() < 0.4 && kind !== 'only warms up' && kind !== 'only ever run'
  const quiet = d.next() < 0.25 ? d.of([0, 1]) : -1
  const meanRun = d.scale(8 * MINUTE, 3 * HOUR)
  const meanPause = d.scale(10 * MINUTE, 2 * HOUR)
  const least = kind === 'sleeps after a while' || kind === 'compressor in standby' ? 15 * MINUTE : 4 * MINUTE
  for (const day of [0, 1]) {
    const opens = start + day * DAY + d.between(6, 9) * HOUR
    const closes = start + day * DAY + d.between(17, 22) * HOUR
    stay(always ? 'idle' : 'off', opens)
    if (kind === 'only ever run') stay('run', closes)
    else stay('idle', opens + least + d.wait(30 * MINUTE))
    const works = day !== quiet && kind !== 'never run' && kind !== 'only warms up'
    const most = kind === 'rarely used' ? 1 : Infinity
    for (let n = 0; works && n < most && at() < closes - 20 * MINUTE; n++) {
      stay('run', at() + least + d.wait(meanRun))
      stay('idle', at() + least + d.wait(meanPause))
    }
    stay('idle', closes)
    if (!always) stay('off', Math.max(closes, at()))
  }
  stay(always ? 'idle' : 'off', end)
  return stays.filter((one) => one.to > one.from)
}

/** Watts at `ms` after a stay began that lasts `length`; `at` is Unix ms, for what goes on whatever people do. */
type Load = (stay: Stay, ms: number, at: number) => number

function appliance(kind: Kind, d: Dice): { load: Load; full: number; idle: number } {
  const full = kind === 'coarse meter' ? d.scale(60, 1_500) : d.scale(10, 4_000)
  const warm =
    kind === 'warm standby' ? d.between(0.45, 0.58) : kind === 'levels overlap' ? 0.95 : d.between(0.03, 0.45)
  const idle = Math.max(kind === 'coarse meter' ? 12 : 1.5, full * warm)
  const period = d.scale(15, 240) * SECOND
  const duty = d.between(0.3, 0.75)
  const heatUp = d.next() < 0.7 ? d.between(3, 25) * MINUTE : 0
  const tau = d.between(20, 240) * SECOND
  const phases = Array.from({ length: 5 }, () => d.between(0.55, 1))
  const dipEvery = d.between(3, 14) * MINUTE
  const pulse = {
    every: d.between(60, 420) * SECOND,
    long: d.between(4, 22) * SECOND,
    watts: full * d.between(0.6, 1.5),
  }
  const cold = {
    on: d.between(6, 18) * MINUTE,
    off: d.between(9, 35) * MINUTE,
    watts: idle * d.between(0.6, 2),
  }
  const warmUp = { ms: d.between(12, 40) * MINUTE, by: d.between(1.4, 2.6) }
  const sleepAfter = d.between(12, 40) * MINUTE
  const awake = Math.max(idle, full * d.between(0.2, 0.5))
  const cycle = (ms: number, share: number) => ms % period < period * share
  const run: Load = (stay, ms, at) => {
    const length = stay.to - stay.from
    if (kind === 'phases') return full * (phases[Math.floor((5 * ms) / length)] ?? 1)
    if (kind === 'thermostat run') return ms < heatUp || cycle(ms, duty) ? full : idle
    if (kind === 'motor run')
      return ms < 0.3 * length ? full : (ms / SECOND) % 17 < 11 ? Math.max(2 * idle, 0.3 * full) : idle
    if (kind === 'dips of 20 s' && ms > MINUTE && ms % dipEvery < 20 * SECOND)
      return d.next() < 0.5 ? idle : 0.5 * idle
    if (kind === 'slow ramps') return idle + (full - idle) * (1 - 0.8 * Math.exp(-ms / tau))
    if (kind === 'compressor in standby') return 2.5 * (idle + cold.watts) + waiting(ms, at)
    return full
  }
  const waiting = (ms: number, at: number): number => {
    if (kind === 'pulses in standby' && (at - start) % pulse.every < pulse.long) return pulse.watts
    if (kind === 'compressor in standby')
      return idle + ((at - start) % (cold.on + cold.off) < cold.on ? cold.watts : 0)
    if (kind === 'sleeps after a while') return ms < sleepAfter ? awake : Math.max(1.5, 0.05 * awake)
    if (kind === 'only warms up') return ms < warmUp.ms ? idle * warmUp.by : idle
    return idle
  }
  const load: Load = (stay, ms, at) =>
    stay.state === 'off' ? 0 : stay.state === 'run' ? run(stay, ms, at) : waiting(ms, at)
  return { load, full, idle }
}

/** What the meter makes of the watts, and when it speaks. */
function meter(kind: Kind, d: Dice, full: number, idle: number) {
  const phi = d.between(0.3, 0.97)
  const spread = kind === 'levels overlap' ? 0.07 : d.between(0.003, kind === 'warm standby' ? 0.035 : 0.05)
  const wander = d.between(0, 0.05)
  const turn = d.between(8, 30) * HOUR
  const quantum = kind === 'coarse meter' ? d.of([1, 2, 5]) : Math.min(d.of([0.01, 0.1, 0.1, 1]), idle / 10)
  const floor = d.between(0, Math.min(0.8, idle / 10))
  const beat = d.of([60, 120, 300]) * SECOND
  let slow = 0
  const read = (watts: number, at: number): number => {
    slow = phi * slow + Math.sqrt(1 - phi * phi) * d.normal()
    const noisy =
      watts *
      (1 + spread * slow + 0.2 * spread * d.normal()) *
      (1 + wander * Math.sin((2 * Math.PI * at) / turn))
    return Math.max(0, Math.round((noisy + floor * d.next()) / quantum) * quantum)
  }
  let said = -Infinity
  let saidAt = -Infinity
  const speaks = (watts: number, at: number): boolean => {
    if (kind !== 'report on change') return d.next() > 0.004
    const moved = Math.abs(watts - said) > Math.max(0.5, 0.05 * said)
    if (!moved && at - saidAt < beat) return false
    said = watts
    saidAt = at
    return true
  }
  const step = () => (kind === 'report on change' ? 2 * SECOND : 10 * SECOND + Math.round(300 * d.normal()))
  const glitch = (at: number, mw: number): Sample[] => {
    const luck = kind === 'faulty meter' ? d.next() : 1
    if (luck < 0.004) return [{ at, powerMw: -1_000 }]
    if (luck < 0.006) return [{ at }]
    if (luck < 0.007) return [{ at, powerMw: Math.round(full * 1_000 * d.between(4, 30)) }]
    if (luck < 0.01)
      return [
        { at, powerMw: mw },
        { at, powerMw: 0 },
      ]
    return [{ at, powerMw: mw }]
  }
  return { read, speaks, step, glitch }
}

/** Seeds below this were looked at while the code was written; what is reported comes from here on. */
export const heldOut = 2_000

/** Two days of a machine of 10 W to 4 kW. */
export function watch(kind: Kind, seed: number): Watched {
  const d = dice(seed * 7_001 + kinds.indexOf(kind) * 131)
  const stays = operator(kind, d)
  const { load, full, idle } = appliance(kind, d)
  const { read, speaks, step, glitch } = meter(kind, d, full, idle)
  const hole = kind === 'long gap' ? start + d.between(0.3, 1.2) * DAY : Infinity
  const samples: Sample[] = []
  let i = 0
  for (let at = start; at < end; at += step()) {
    while ((stays[i]?.to ?? Infinity) <= at) i += 1
    const stay = stays[i]
    if (!stay) break
    const watts = read(load(stay, at - stay.from, at), at)
    if ((at >= hole && at < hole + 15_000 * SECOND) || !speaks(watts, at)) continue
    samples.push(...glitch(at, Math.round(watts * 1_000)))
  }
  const runs = stays.filter(({ state }) => state === 'run').map(({ from, to }) => ({ from, to }))
  return {
    name: `${kind} ${seed}: ${full.toFixed(0)} W, standby ${idle.toFixed(1)} W, ${runs.length} runs`,
    kind,
    samples,
    runs,
    expect: expectation(kind, runs.length),
  }
}

/** Of these power alone does not tell what is work. */
export const open: readonly Kind[] = ['compressor in standby', 'sleeps after a while']

function expectation(kind: Kind, runs: number): Watched['expect'] {
  if (runs === 0 || ['never run', 'only ever run', 'only warms up', 'levels overlap'].includes(kind))
    return 'refuse'
  return open.includes(kind) ? 'either' : 'accept'
}
