import { createHash } from 'node:crypto'
import { type Fleet, stretchesOf } from '@hours/firmware-sim'
import type { RunningIngest } from '@hours/ingest'
import { DAY, every, HOUR, type ManualClock, MINUTE } from '@hours/protocol'
import { type ConfirmedPair, moveRecords, writeAmendments } from './amendments.ts'
import { channel, provincialChannel, writeLists } from './lists.ts'
import { type Story, storyOf } from './story.ts'
import { noShowOf, plannedUse, type PlannedUse } from './use-plan.ts'

/** A row as `Intake.take` takes it. */
interface Row {
  readonly line: number
  readonly kind: 'session' | 'booking' | 'compute' | 'claim' | 'maintenance' | 'training' | 'achievement'
  readonly input: Readonly<Record<string, unknown>>
}

const usualDays = 30
/** Reservations are known this far ahead. */
const ahead = 7 * DAY
/** An earlier start may have ended in the middle of these; what is there already is known again by its id. */
const overlap = 2 * DAY

export interface DemoUseOptions {
  readonly ingest: RunningIngest
  readonly fleet: Fleet
  readonly clock: ManualClock
  /** Where the demo's history begins. */
  readonly from: number
  /** How long it is at a first start, in days: what goes wrong is spread over it. */
  readonly days?: number
  readonly onError: (error: unknown) => void
}

/**
 * What people write down beside what the sensors see: sessions, bookings, charges, core-hours and claimed hours of the
 * whole history at a first start, and what is new of them every hour from then on. Nothing of it is without a run but
 * two reservations nobody came to, and one run has neither; so that each list of differences has something true in it.
 */
export async function keepDemoUse(options: DemoUseOptions): Promise<() => void> {
  const { ingest, clock, from } = options
  // Claims are written last: whoever is stopped before begins anew, and what is there is known again by its id.
  const isFirst = ingest.registry.records('claim').length === 0
  let until = isFirst ? from : Math.max(from, clock.wall() - overlap)
  await writeLists(options)
  const moves = moveRecords(ingest, storyOf(from, options.days ?? usualDays))
  if (moves.length > 0) await ingest.recordAll(moves)
  await write(until)
  const [, confirmed] = toldTwice(options.fleet, from, clock.wall())
  await writeAmendments({ ingest, from, pairs: confirmed ? [pairOf(confirmed)] : [] })

  async function write(since: number): Promise<void> {
    const now = clock.wall()
    const rows = demoRows({ ...options, since, now, isFirst: isFirst && since === from })
    const { rows: fates } = await ingest.intake.take(rows, {
      actor: 'demo.platform',
      registry: ingest.registry,
    })
    const refused = fates.find(({ fate }) => fate === 'refused')
    if (refused) options.onError(new Error(`demo use: ${JSON.stringify(refused)}`))
    until = now
  }
  return every(clock, HOUR, () => void write(until - HOUR).catch(options.onError))
}

/** Rows as a booking platform would send them, for runs that begin from `since` on. */
export function demoRows(options: {
  readonly fleet: Fleet
  readonly from: number
  readonly days?: number | undefined
  readonly since: number
  readonly now: number
  readonly isFirst: boolean
}): Row[] {
  const { fleet, from, since, now, isFirst } = options
  const story = storyOf(from, options.days ?? usualDays)
  const missed = unbookedRun(fleet, from, story)
  const uses = plannedUse(fleet, { from: since, to: now + ahead, opens: from }).filter(
    (use) => !isSame(use, missed),
  )
  const recorded = uses.filter((use) => use.from < now)
  return [
    ...uses.map(bookingRow),
    ...recorded.map(sessionRow),
    ...recorded.filter(({ way }) => way === 'compute').map(computeRow),
    ...(isFirst
      ? [
          ...noShowRows(fleet, from, story),
          ...toldTwice(fleet, from, now).map(secondRow),
          ...claimRows(fleet, from, now),
          ...otherRows(fleet, story),
        ]
      : []),
  ]
}

/** A run that nobody booked and nobody recorded: the first longer one of a confocal, a third in. */
export function unbookedRun(
  fleet: Fleet,
  from: number,
  { unbooked }: Story = storyOf(from, usualDays),
): PlannedUse | undefined {
  return plannedUse(fleet, { ...unbooked, opens: from }).find(
    (use) => use.instrument.id === 'confocal-01' && use.to - use.from > HOUR,
  )
}

const isSame = (a: PlannedUse, b: PlannedUse | undefined) =>
  a.instrument.id === b?.instrument.id && a.from === b.from

const keyOf = ({ instrument: { site, id } }: Pick<PlannedUse, 'instrument'>) => `${site}/${id}`
const row = (kind: Row['kind'], input: Row['input']): Row => ({ line: 1, kind, input })
const named = (use: PlannedUse) => `${use.instrument.id}-${use.from}`

/** Two uses of a computing node that the provincial network tells of too: of one pair somebody has said that it is one. */
function toldTwice(fleet: Fleet, from: number, now: number): PlannedUse[] {
  const uses = plannedUse(fleet, { from, to: now, opens: from })
  return uses.filter(({ way, to }) => way === 'compute' && to < now).slice(0, 2)
}

const secondId = (use: PlannedUse) => `g-${named(use)}`
const pairOf = (use: PlannedUse): ConfirmedPair => ({
  site: use.instrument.site,
  sessions: [`s-${named(use)}`, secondId(use)],
})

/** The same session under the other channel's id, a minute shorter at either end. */
function secondRow(use: PlannedUse): Row {
  const { from, to, user, beneficiary, purpose, way } = use
  const id = secondId(use)
  const about = { id, externalId: id, channel: provincialChannel, instrument: keyOf(use) }
  const minute = Math.min(MINUTE, (to - from) / 20)
  const time = { from: Math.round(from + minute), to: Math.round(to - minute) }
  return row('session', { ...about, ...time, user, beneficiary, purpose, way })
}

function bookingRow(use: PlannedUse): Row {
  const { booked, user, beneficiary, purpose } = use
  const id = `b-${named(use)}`
  const of = { id, externalId: id, channel, instrument: keyOf(use) }
  return row('booking', { ...of, ...booked, user, beneficiary, purpose })
}

function sessionRow(use: PlannedUse): Row {
  const { from, to, user, beneficiary, purpose, way, samples, voucherYuan } = use
  const id = `s-${named(use)}`
  return row('session', {
    id,
    externalId: id,
    channel,
    instrument: keyOf(use),
    ...{ from, to, user, beneficiary, purpose, way },
    // Computing is charged by the core-hour, and so with its core-hours.
    ...(way === 'compute' ? {} : { tariff: 'auto' }),
    // Of some samples nothing comes out.
    ...(samples > 0 ? { samples, validSamples: samples - (samples > 3 ? 1 : 0) } : {}),
    ...(way === 'entrusted' ? { receivedAt: from - 2 * DAY, reportedAt: to + DAY } : {}),
    ...(voucherYuan > 0 ? { voucherYuan, subsidyYuan: Math.round(voucherYuan / 3) } : {}),
    ...(way === 'entrusted' ? { score: 3 + (samples % 3) } : {}),
    project: `${beneficiary}-${String(1 + (samples % 4))}`,
  })
}

const cores = 64

const computeRow = (use: PlannedUse): Row =>
  row('compute', {
    id: `c-${named(use)}`,
    instrument: keyOf(use),
    from: use.from,
    to: use.to,
    user: use.user,
    beneficiary: use.beneficiary,
    coreMs: Math.round((use.to - use.from) * cores * 0.8),
    nodeMs: 2 * (use.to - use.from),
    tariff: 'auto',
    // Computing time is asked for on paper, stamped before it is given.
    approvedBy: 'Lin Yan (sysu-chem)',
    approvedAt: use.from - DAY,
    documentSha256: createHash('sha256')
      .update(`request ${named(use)}`)
      .digest('hex'),
    jobs: 1 + Math.floor((use.to - use.from) / HOUR),
  })

/** Two reservations nobody came to. */
function noShowRows(fleet: Fleet, from: number, { noShows, end }: Story): Row[] {
  return noShows.flatMap(({ instrument: id, from: earliest }) => {
    const instrument = fleet.instruments.find((one) => one.id === id)
    // In a short history the rest of it may be a weekend: then what came before.
    const missed =
      instrument && (noShowOf(instrument, earliest, end) ?? noShowOf(instrument, from + 2 * HOUR, earliest))
    if (!missed) return []
    const booked = { id: `b-${id}-no-show`, from: missed.from, to: missed.to }
    return [
      row('booking', {
        ...booked,
        instrument: keyOf(missed),
        user: 'Ou Kai (kanghe-bio)',
        beneficiary: 'kanghe-bio',
      }),
    ]
  })
}

/** Hours as each owner states them for the whole days so far: most round them, two are generous. */
const generous = new Map([
  ['ms-02', 1.35],
  ['xrd-02', 1.6],
])

function claimRows({ instruments }: Fleet, from: number, now: number): Row[] {
  const to = from + Math.floor((now - from) / DAY) * DAY
  if (to <= from) return []
  return instruments.map((instrument) => {
    const states = stretchesOf(instrument, from, to)
    const hours = (wanted: (state: string) => boolean) =>
      states.reduce((sum, one) => sum + (wanted(one.state) ? one.to - one.from : 0), 0) / HOUR
    const factor = generous.get(instrument.id) ?? 1
    const stated = (value: number) => Math.round(value * factor)
    return row('claim', {
      id: `claim-${instrument.id}`,
      instrument: keyOf({ instrument }),
      from,
      to,
      onHours: stated(hours((state) => state !== 'off')),
      runHours: stated(hours((state) => state === 'run')),
      source: 'annual return of the owner',
    })
  })
}

/** A serviced microscope, people trained, a paper: one of each kind. */
function otherRows(fleet: Fleet, { trained, serviced, end }: Story): Row[] {
  const at = trained + 10 * HOUR
  const tem = fleet.instruments.find(({ id }) => id === 'tem-01')
  const instrument = 'gz-gibh/tem-01'
  const pause = tem && noShowOf(tem, serviced, end)
  if (!tem) return []
  return [
    ...(pause
      ? [
          row('maintenance', {
            id: 'm-tem-01',
            instrument,
            from: pause.from,
            to: pause.to + 30 * MINUTE,
            reason: 'filament',
          }),
        ]
      : []),
    row('training', { id: 't-1', instrument, at, group: 'student', level: 'independent', persons: 3 }),
    row('training', {
      id: 't-2',
      instrument: 'gz-sysu/nmr-02',
      at,
      group: 'student',
      level: 'demonstration',
      persons: 30,
    }),
    row('achievement', { id: 'a-1', instrument, at, kind: 'paper', level: 'core', count: 2 }),
    row('training', {
      id: 't-3',
      instrument: 'gz-gibh/sem-01',
      at,
      group: 'teacher',
      level: 'guided',
      persons: 2,
    }),
    row('achievement', { id: 'a-3', instrument, at, kind: 'award', level: 'provincial', count: 1 }),
    row('achievement', {
      id: 'a-4',
      instrument: 'gz-sysu/nmr-02',
      at,
      kind: 'patent',
      level: 'invention',
      count: 1,
    }),
    row('achievement', {
      id: 'a-2',
      instrument: 'gz-gibh/nmr-01',
      at,
      kind: 'function',
      level: 'new',
      count: 1,
    }),
  ]
}
