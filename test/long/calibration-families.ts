import type { Sample } from '@hours/sensing'

/** Truth of a generated recording: the nominal state of each sample, under left-hold (records.md, section 4). */
export interface Generated {
  readonly name: string
  readonly samples: readonly Sample[]
  readonly runs: readonly { readonly from: number; readonly to: number }[]
  readonly expect: 'accept' | 'refuse'
}

export const families = [
  'plain',
  'warm-standby',
  'pulses',
  'dips',
  'ramps',
  'drift',
  'levels',
  'glitches',
  'gaps',
  'always-on',
  'mixed',
] as const
export type Family = (typeof families)[number]
export const refusals = ['never-run', 'only-run', 'overlap'] as const
export type Refusal = (typeof refusals)[number]

/** mulberry32: the same seed gives the same recording everywhere. */
function chance(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const start = Date.parse('2026-03-02T00:00:00Z')
const stepMs = 10_000
const cells = (2 * 86_400_000) / stepMs
type Nominal = 'off' | 'standby' | 'run'

/** Two days at 10 s of a machine of 10 W to 4 kW; what disturbs it is its family's. */
export function generate(family: Family | Refusal, seed: number): Generated {
  const random = chance(seed * 7_919 + family.length * 104_729 + family.charCodeAt(0))
  const between = (low: number, high: number) => low + (high - low) * random()
  const log = (low: number, high: number) => Math.exp(between(Math.log(low), Math.log(high)))
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

  // What a family has; `mixed` has anything at once, with more noise.
  const all = family === 'mixed'
  const has = (name: Family) => family === name || (all && random() < 0.4)
  const pulses = has('pulses')
  const dips = has('dips')
  const ramps = has('ramps')
  const stepped = has('levels')
  const glitches = has('glitches')
  const gaps = has('gaps')
  const full = log(10, 4_000)
  const warmly = has('warm-standby') && !stepped
  const warm = warmly ? between(0.45, 0.55) : family === 'overlap' ? between(0.9, 0.97) : between(0.08, 0.4)
  const standby = full * warm
  const noise = family === 'overlap' ? 0.08 : between(0.005, all ? 0.07 : 0.03)
  const floor = between(0, Math.min(1, full * 0.02))
  const states = plan(family, between, random)
  const drift = has('drift') ? between(-0.12, 0.12) : 0
  const steps = stepped ? [1, between(0.75, 0.9), between(0.6, 0.75)] : [1]
  const pulse = {
    every: Math.round(between(6, 20)),
    long: Math.round(between(1, 2)),
    watts: full * between(0.8, 1.6),
  }
  const dip = { every: Math.round(between(20, 80)), watts: random() < 0.5 ? standby : 0 }
  const ramp = Math.round(between(6, 60))

  const samples: Sample[] = []
  const truth: { at: number; run: boolean }[] = []
  const hole = Math.round(between(1_000, cells - 3_000))
  let inState = 0
  let level = 1
  for (let i = 0; i < cells; i++) {
    const state = states[i] ?? 'off'
    inState = state === states[i - 1] ? inState + 1 : 0
    if (inState === 0) level = steps[Math.floor(random() * steps.length)] ?? 1
    if (stepped && state === 'run' && random() < 0.01) level = steps[Math.floor(random() * steps.length)] ?? 1
    let watts = state === 'off' ? 0 : state === 'standby' ? standby : full * level
    if (pulses && state === 'standby' && i % pulse.every < pulse.long) watts = pulse.watts
    if (dips && state === 'run' && inState > 12 && i % dip.every < 2) watts = dip.watts
    // Warming up: standby climbs to its level after the machine is switched on.
    if (ramps && state === 'standby' && states[i - inState - 1] === 'off' && inState < ramp)
      watts *= 0.4 + (0.6 * inState) / ramp
    watts =
      watts * (1 + drift * (i / cells)) * (1 + noise * normal()) + (state === 'off' ? floor * random() : 0)
    if (gaps && i >= hole && i < hole + 1_500) continue
    if (gaps && random() < 0.01) continue
    const at = start + i * stepMs
    if (glitches && random() < 0.003) samples.push({ at, powerMw: -1_000 })
    else if (glitches && random() < 0.001) samples.push({ at, powerMw: Math.round(full * 20_000) })
    else samples.push({ at, powerMw: Math.round(Math.max(0, watts) * 10) * 100 })
    truth.push({ at, run: state === 'run' })
  }
  return {
    name: `${family} ${seed}: ${full.toFixed(0)} W, standby ${standby.toFixed(1)} W`,
    samples,
    runs: runsOf(truth),
    expect: refusals.some((refusal) => refusal === family) ? 'refuse' : 'accept',
  }
}

/** Off, standby, runs of 5 min to 4 h with pauses of at least 2 min; one day in three of standby alone. */
function plan(
  family: string,
  between: (low: number, high: number) => number,
  random: () => number,
): Nominal[] {
  const states: Nominal[] = []
  const add = (state: Nominal, minutes: number) => {
    for (let i = 0; i < Math.round(minutes * 6); i++) states.push(state)
  }
  const idle: Nominal = family === 'always-on' ? 'standby' : 'off'
  const quietDay = random() < 0.33 && family !== 'only-run' ? Math.floor(between(0, 2)) : -1
  for (let day = 0; day < 2; day++) {
    const begin = day * 8_640
    add(idle, between(120, 500))
    add(family === 'only-run' ? 'run' : 'standby', between(20, 90))
    while (states.length < begin + 8_640 - 2_400) {
      const minutes = Math.exp(between(Math.log(5), Math.log(240)))
      add(family === 'never-run' || (day === quietDay && family !== 'only-run') ? 'standby' : 'run', minutes)
      add(family === 'only-run' ? 'run' : 'standby', between(2, 60))
    }
    states.length = Math.min(states.length, begin + 8_500)
    while (states.length < begin + 8_640) states.push(idle)
  }
  return states
}

function runsOf(truth: readonly { at: number; run: boolean }[]) {
  const runs: { from: number; to: number }[] = []
  for (const [i, { at, run }] of truth.entries()) {
    const next = truth[i + 1]?.at
    if (!run || next === undefined || next - at > 30_000) continue
    const last = runs.at(-1)
    if (last?.to === at) last.to = next
    else runs.push({ from: at, to: next })
  }
  return runs
}
