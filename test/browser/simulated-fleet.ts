import type { InstrumentSummary, State } from '@hours/protocol'
import {
  chance,
  day,
  hour,
  midnight,
  minute,
  powerOf,
  scaleOf,
  type Span,
  spansOf,
  zone,
} from './simulated-day.ts'

/** For the fixture server: its instruments, organisations and figures. */

const kinds = [
  ['sem', 'Field-emission scanning electron microscope', '场发射扫描电子显微镜'],
  ['xrd', 'X-ray diffractometer', 'X射线衍射仪'],
  ['nmr', 'NMR spectrometer 600 MHz', '600 MHz 核磁共振波谱仪'],
  ['ms', 'Orbitrap mass spectrometer', '轨道阱质谱仪'],
  ['seq', 'High-throughput sequencer', '高通量测序仪'],
  ['furn', 'Tube furnace', '管式炉'],
  ['tem', 'Transmission electron microscope', '透射电子显微镜'],
  ['icp', 'ICP emission spectrometer', '电感耦合等离子体发射光谱仪'],
] as const

export const organisations = [
  { id: 'gd', parent: null, kind: 'province', names: { en: 'Guangdong network', zh: '广东省网' } },
  { id: 'gibh', parent: 'gd', kind: 'institute', names: { en: 'Guangzhou institute', zh: '广州研究院' } },
  {
    id: 'sysu-tc',
    parent: 'gd',
    kind: 'college',
    names: { en: 'University test centre', zh: '大学测试中心' },
  },
  { id: 'scut', parent: 'gd', kind: 'college', names: { en: 'College of materials', zh: '材料学院' } },
] as const

export interface Fleet {
  readonly now: number
  readonly since: number
  readonly size: number
  readonly keys: readonly string[]
  numberOf(key: string): number | undefined
  spans(number: number, from: number, to: number): Span[]
  summary(number: number): InstrumentSummary
  isSilent(number: number): boolean
}

/** `size` instruments that have been watched since `since`; every 5th belongs to a gateway that is silent now. */
export function createFleet(size: number, now: number, since = now - 120 * day): Fleet {
  const keys = Array.from({ length: size }, (_, n) => {
    const kind = kinds[n % kinds.length]?.[0] ?? 'x'
    return `gz-${organisations[1 + (n % 3)]?.id ?? 'x'}/${kind}-${String(Math.floor(n / kinds.length) + 1).padStart(2, '0')}`
  })
  const numbers = new Map(keys.map((key, n) => [key, n]))
  const isSilent = (number: number) => number % 5 === 4
  const spans = (number: number, from: number, to: number) =>
    spansOf(number, { from, to, since, until: isSilent(number) ? now - 47 * minute : now })
  const summaries = new Map<number, InstrumentSummary>()

  function summary(number: number): InstrumentSummary {
    const known = summaries.get(number)
    if (known) return known
    const made = make(number)
    summaries.set(number, made)
    return made
  }

  function make(number: number): InstrumentSummary {
    const kind = kinds[number % kinds.length] ?? kinds[0]
    const organisation = organisations[1 + (number % 3)] ?? organisations[0]
    const suffix = Math.floor(number / kinds.length) + 1
    const last = spans(number, now - 30 * day, now).at(-1)
    const silent = isSilent(number)
    const monthFrom = midnight(now) - (new Date(now + 8 * hour).getUTCDate() - 1) * day
    const sum = totals(spans(number, monthFrom, now))
    const length = now - monthFrom
    const known = length - sum.unknown
    const minutes = spans(number, now - hour, now)
    const state = last?.state ?? 'unknown'
    return {
      key: keys[number] ?? '',
      names: {
        en: number === 11 ? 'An extraordinarily long instrument name '.repeat(8) : `${kind[1]} ${suffix}`,
        zh: `${kind[2]} ${suffix} 号`,
      },
      kind: kind[0],
      gateway: `gw-${Math.floor(number / 3) + 1}`,
      organisation: organisation.id,
      organisationNames: organisation.names,
      zone,
      alwaysOn: number % 6 === 2,
      evidence: number % 7 === 3 ? 'reported' : 'sensor',
      state,
      since: number === 9 ? null : (last?.from ?? null),
      mw: powerOf(number, state, now),
      gatewayOnline: !silent,
      session:
        state === 'run' && chance(number, 5) < 0.7
          ? { id: `s-${number}`, user: `u-${(number * 7919) % 997}`, beneficiary: organisation.id }
          : null,
      month: {
        on: sum.standby + sum.run + sum.fault,
        run: sum.run,
        known,
        length,
        utilCalendar: sum.run / length,
        coverage: known / length,
      },
      sparkline: Array.from({ length: 60 }, (_, i) => {
        const at = now - hour + i * minute
        const span = minutes.find(({ from, to }) => at >= from && at < to)
        return span ? powerOf(number, span.state, at) : null
      }),
      runStartMw: scaleOf(number) * 0.6,
    }
  }

  return { now, since, size, keys, numberOf: (key) => numbers.get(key), spans, summary, isSilent }
}

export function totals(spans: readonly Span[]): Record<State, number> {
  const sum = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0 }
  for (const { state, from, to } of spans) sum[state] += to - from
  return sum
}
