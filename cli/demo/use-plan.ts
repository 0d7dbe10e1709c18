import { chance, type Fleet, type SimInstrument, stretchesOf } from '@hours/firmware-sim'
import { DAY, HOUR, MINUTE } from '@hours/protocol'

/** One run of the plan with what people would write down of it. */
export interface PlannedUse {
  readonly instrument: SimInstrument
  readonly from: number
  readonly to: number
  readonly booked: Time
  readonly user: string
  readonly beneficiary: string
  readonly purpose: 'research' | 'teaching' | 'service'
  readonly way: 'self' | 'operated' | 'entrusted' | 'compute'
  readonly samples: number
  /** How much of its price a voucher of the province covers. */
  readonly voucherYuan: number
}

/** Booked hours in which nobody came. */
export interface NoShow {
  readonly instrument: SimInstrument
  readonly from: number
  readonly to: number
}

type Share = readonly (readonly [organisation: string, weight: number])[]

/** Who uses whose instruments: an institute's shared centre, a university's school level, and its college level. */
const guests: Readonly<Record<string, Share>> = {
  'gibh-common': [
    ['gibh-stem', 0.5],
    ['gibh-common', 0.16],
    ['kanghe-bio', 0.16],
    ['sysu-life', 0.12],
    ['hk-lab', 0.06],
  ],
  'sysu-centre': [
    ['sysu-chem', 0.36],
    ['sysu-life', 0.3],
    ['sysu-centre', 0.08],
    ['nanyue-materials', 0.14],
    ['gibh-stem', 0.08],
    ['hk-lab', 0.04],
  ],
  'sysu-chem': [
    ['sysu-chem', 0.7],
    ['sysu-life', 0.14],
    ['nanyue-materials', 0.16],
  ],
}
const entities = [
  ['gibh', 'gibh-common', 'gibh-stem'],
  ['sysu', 'sysu-centre', 'sysu-chem', 'sysu-life'],
]
/** What an hour (of computing, a core-hour) costs a colleague, yuan; and how much more somebody from outside pays. */
export const hourlyYuan = ({ kind }: SimInstrument): number =>
  kind.id === 'compute' ? 0.1 : 60 + Math.round(kind.valueYuan / 40_000)
export const outsideFactor = 2.2

const sme = new Set(['kanghe-bio', 'nanyue-materials'])
const families = ['Chen', 'Li', 'Huang', 'Wu', 'Lin', 'Liang', 'He', 'Xu', 'Zheng', 'Luo']
const given = ['Wei', 'Min', 'Jia', 'Yan', 'Tao', 'Lan']

/**
 * Every run of the plan that begins in [from, to), with its use; the same for any cut of time. What runs already when
 * the history begins, at `opens`, is used from then on.
 */
export function plannedUse(
  { instruments }: Fleet,
  { from, to, opens }: Time & { readonly opens: number },
): PlannedUse[] {
  return instruments.flatMap((instrument) => {
    const runs = stretchesOf(instrument, from - 3 * DAY, to + 3 * DAY)
      .filter((one) => one.state === 'run' && one.to > opens + MINUTE)
      .map((one) => ({ from: Math.max(opens, one.from), to: one.to }))
    return runs.flatMap((run, i) =>
      run.from >= from && run.from < to
        ? [{ ...useOf(instrument, run), booked: bookedTime(run, runs[i - 1]?.to, runs[i + 1]?.from) }]
        : [],
    )
  })
}

const quarter = 15 * MINUTE

/** The reservation behind a run: whole quarters of an hour around it, but half of a short pause at most. */
function bookedTime(run: Time, before = 0, after = Infinity): Time {
  return {
    from: Math.max(Math.floor(run.from / quarter) * quarter, Math.ceil((before + run.from) / 2)),
    to: Math.min(Math.ceil(run.to / quarter) * quarter, Math.ceil((run.to + after) / 2)),
  }
}

interface Time {
  readonly from: number
  readonly to: number
}

function useOf(instrument: SimInstrument, { from, to }: Time): Omit<PlannedUse, 'booked'> {
  const draw = (what: string) => chance(instrument.seed, instrument.id, from, what)
  const beneficiary = chosen(guests[instrument.unit] ?? [[instrument.unit, 1]], draw('who'))
  const own = entities.find((one) => one.includes(instrument.unit))
  const outside = own?.includes(beneficiary) !== true
  const compute = instrument.kind.id === 'compute'
  const hours = (to - from) / HOUR
  return {
    instrument,
    from,
    to,
    user: `${families[Math.floor(draw('family') * families.length)] ?? ''} ${given[Math.floor(draw('given') * 3) + (beneficiary.length % 4)] ?? ''} (${beneficiary})`,
    beneficiary,
    purpose: outside ? 'service' : draw('why') < 0.18 ? 'teaching' : 'research',
    way: compute
      ? 'compute'
      : outside && draw('way') < 0.6
        ? 'entrusted'
        : draw('way') < 0.3
          ? 'operated'
          : 'self',
    samples: compute ? 0 : 1 + Math.floor(draw('samples') * 3 * Math.max(1, hours)),
    voucherYuan:
      sme.has(beneficiary) && !compute ? Math.round(hours * hourlyYuan(instrument) * outsideFactor * 0.3) : 0,
  }
}

function chosen(share: Share, at: number): string {
  let sum = 0
  for (const [organisation, weight] of share) {
    sum += weight
    if (at < sum) return organisation
  }
  return share[0]?.[0] ?? ''
}

/** Two hours of a working day on which the instrument certainly does not run: somebody booked and stayed away. */
export function noShowOf(instrument: SimInstrument, from: number, to: number): NoShow | undefined {
  const runs = stretchesOf(instrument, from - DAY, to + DAY).filter(({ state }) => state === 'run')
  for (let at = Math.ceil(from / HOUR) * HOUR; at < to; at += HOUR) {
    const local = new Date(at + instrument.offsetMs)
    const works = local.getUTCDay() % 6 !== 0 && local.getUTCHours() >= 9 && local.getUTCHours() <= 16
    // An hour on either side, so that no run before or after can be meant.
    if (works && runs.every((run) => run.to <= at - HOUR || run.from >= at + 3 * HOUR))
      return { instrument, from: at, to: at + 2 * HOUR }
  }
  return undefined
}
