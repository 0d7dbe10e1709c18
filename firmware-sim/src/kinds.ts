import { HOUR, MINUTE, type Names } from '@hours/protocol'

/** How people use a kind of instrument; hours are local, lengths in hours. */
export interface Habit {
  /** Typical hours of switching on and off on a working day; not used by instruments that are always on. */
  readonly day: readonly [number, number]
  readonly runsPerDay: readonly [number, number]
  readonly runHours: readonly [number, number]
  /** Chance that a weekend day or a holiday is worked at all. */
  readonly weekend: number
  /** Chance that a run starts in the evening and goes through the night. */
  readonly overnight: number
}

/** What a kind of instrument draws (W), and how it is used; figures are typical data-sheet values. */
export interface Kind {
  readonly id: string
  readonly names: Names
  readonly offW: number
  readonly standbyW: number
  readonly runW: number
  /** Half width of the noise as a fraction of the level. */
  readonly noise: number
  /** A short heater or pump pulse in standby, below the run threshold. */
  readonly pulse?: { readonly everyMs: number; readonly forMs: number; readonly watts: number }
  readonly alwaysOn: boolean
  readonly class: 'general' | 'special' | 'machinery'
  readonly prepMs: number
  readonly postMs: number
  readonly valueYuan: number
  readonly habit: Habit
}

const kind = (one: Kind): Kind => one

export const kinds = {
  sem: kind({
    id: 'sem',
    names: { en: 'Scanning electron microscope', zh: '扫描电子显微镜' },
    offW: 0.6,
    standbyW: 310,
    runW: 1_150,
    noise: 0.06,
    alwaysOn: false,
    class: 'general',
    prepMs: 30 * MINUTE,
    postMs: 15 * MINUTE,
    valueYuan: 3_200_000,
    habit: { day: [8.5, 18.5], runsPerDay: [2, 4], runHours: [0.7, 2.6], weekend: 0.25, overnight: 0 },
  }),
  tem: kind({
    id: 'tem',
    names: { en: 'Transmission electron microscope', zh: '透射电子显微镜' },
    offW: 1,
    standbyW: 1_900,
    runW: 4_300,
    noise: 0.04,
    alwaysOn: true,
    class: 'special',
    prepMs: 45 * MINUTE,
    postMs: 20 * MINUTE,
    valueYuan: 12_500_000,
    habit: { day: [9, 19], runsPerDay: [1, 3], runHours: [1.5, 3.5], weekend: 0.35, overnight: 0.05 },
  }),
  nmr: kind({
    id: 'nmr',
    names: { en: 'NMR spectrometer 600 MHz', zh: '600 MHz 核磁共振波谱仪' },
    offW: 1,
    standbyW: 720,
    runW: 1_850,
    noise: 0.05,
    alwaysOn: true,
    class: 'special',
    prepMs: 0,
    postMs: 0,
    valueYuan: 6_800_000,
    habit: { day: [8, 22], runsPerDay: [3, 7], runHours: [0.4, 2.4], weekend: 0.6, overnight: 0.5 },
  }),
  ms: kind({
    id: 'ms',
    names: { en: 'LC-MS mass spectrometer', zh: '液相色谱-质谱联用仪' },
    offW: 0.8,
    standbyW: 640,
    runW: 1_420,
    noise: 0.05,
    pulse: { everyMs: 20 * MINUTE, forMs: 20_000, watts: 180 },
    alwaysOn: true,
    class: 'general',
    prepMs: 20 * MINUTE,
    postMs: 20 * MINUTE,
    valueYuan: 4_100_000,
    habit: { day: [8.5, 20], runsPerDay: [2, 5], runHours: [0.8, 3], weekend: 0.3, overnight: 0.3 },
  }),
  xrd: kind({
    id: 'xrd',
    names: { en: 'X-ray diffractometer', zh: 'X射线衍射仪' },
    offW: 0.5,
    standbyW: 420,
    runW: 3_600,
    noise: 0.03,
    alwaysOn: false,
    class: 'general',
    prepMs: 15 * MINUTE,
    postMs: 10 * MINUTE,
    valueYuan: 1_600_000,
    habit: { day: [8.5, 19], runsPerDay: [3, 6], runHours: [0.5, 1.8], weekend: 0.2, overnight: 0.04 },
  }),
  furnace: kind({
    id: 'furnace',
    names: { en: 'High-temperature furnace', zh: '高温炉' },
    offW: 0.4,
    standbyW: 90,
    runW: 5_200,
    noise: 0.3,
    alwaysOn: false,
    class: 'machinery',
    prepMs: 0,
    postMs: 60 * MINUTE,
    valueYuan: 580_000,
    habit: { day: [9, 17], runsPerDay: [0, 1], runHours: [6, 16], weekend: 0.15, overnight: 0.3 },
  }),
  sequencer: kind({
    id: 'sequencer',
    names: { en: 'High-throughput sequencer', zh: '高通量测序仪' },
    offW: 1.2,
    standbyW: 260,
    runW: 1_050,
    noise: 0.07,
    alwaysOn: false,
    class: 'special',
    prepMs: 60 * MINUTE,
    postMs: 30 * MINUTE,
    valueYuan: 7_900_000,
    habit: { day: [9, 18], runsPerDay: [0, 1], runHours: [18, 42], weekend: 0.1, overnight: 0.1 },
  }),
  confocal: kind({
    id: 'confocal',
    names: { en: 'Confocal microscope', zh: '激光共聚焦显微镜' },
    offW: 0.9,
    standbyW: 210,
    runW: 690,
    noise: 0.08,
    alwaysOn: false,
    class: 'general',
    prepMs: 15 * MINUTE,
    postMs: 10 * MINUTE,
    valueYuan: 2_700_000,
    habit: { day: [8.8, 20.5], runsPerDay: [2, 5], runHours: [0.8, 2.5], weekend: 0.45, overnight: 0.02 },
  }),
  compute: kind({
    id: 'compute',
    names: { en: 'Compute node', zh: '计算节点' },
    offW: 8,
    standbyW: 190,
    runW: 640,
    noise: 0.08,
    alwaysOn: true,
    class: 'general',
    prepMs: 0,
    postMs: 0,
    valueYuan: 900_000,
    habit: { day: [0, 24], runsPerDay: [2, 6], runHours: [1, 8], weekend: 0.8, overnight: 0.6 },
  }),
} as const

/** Kinds whose samples are queued, so that they work at night and at weekends too: an autosampler, a long sequencing run,
 * a batch queue. */
export const queued = {
  nmr: busier(kinds.nmr, { runsPerDay: [6, 10], runHours: [0.8, 2.8], weekend: 1, overnight: 1 }),
  sequencer: busier(kinds.sequencer, { runsPerDay: [1, 1], weekend: 0.8 }),
  compute: busier(kinds.compute, { runsPerDay: [7, 10], runHours: [2, 8], weekend: 1, overnight: 1 }),
} as const

function busier(one: Kind, habit: Partial<Kind['habit']>): Kind {
  return { ...one, habit: { ...one.habit, ...habit } }
}

export type KindId = keyof typeof kinds

/** Shortest run and pause the simulator makes: at least twice the longest dwell in use (records.md, section 4). */
export const shortest = 3 * MINUTE
/** No run is longer than this, so that a day's plan needs only its neighbours. */
export const longest = 48 * HOUR
