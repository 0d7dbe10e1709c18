import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createApi, recordItem, type RunningIngest, writeBundle } from '@hours/ingest'
import { createManualClock, DAY, HOUR, type ManualClock, type PageSpan } from '@hours/protocol'
import type { FigureLine } from '@hours/usage'
import { type BundleVerdict, verifyBundle } from '@hours/verifier'
import { pino } from 'pino'
import { type ChannelMonitor, createChannelMonitor } from '../../ingest/src/channels/channel-monitor.ts'
import { openProbeStore } from '../../ingest/src/channels/probe-store.ts'
import { channelOf, type Web } from '../../ingest/src/channels/web.fixture.ts'
import {
  createTestGateway,
  freshFolder,
  openIngest,
  pageMs,
  site,
  start,
} from '../../ingest/src/ingest.fixture.ts'

/** Six hours that every instrument of the tests was watched: it ran for the first four and stood by for the rest. */
const period = { from: start, to: start + 6 * HOUR }
const runMs = 4 * HOUR

/** An organisation: id, the one above it, kind, and flags of small and of foreign ones. */
export type Unit = readonly [id: string, parent: string | null, kind: string, flags?: object]

/** A whole installation for one system of the survey: real log, index and API, hours measured by signed pages. */
export interface SystemWorld {
  readonly ingest: RunningIngest
  readonly clock: ManualClock
  /** Sends records as the system's own platform would; text goes as CSV. */
  post(path: string, body: unknown): Promise<Answer>
  get<T>(path: string): Promise<T>
  /** The same as text: a table. */
  text(path: string): Promise<string>
  /** What `GET /figures` says of a scope on the day of the six hours, by KPI. */
  figures(scope: string): Promise<Readonly<Record<string, number | null>>>
  /** One of them with its bounds, what it is over, and its grade. */
  figure(scope: string, kpi: string): Promise<FigureLine | undefined>
  /** The sets that it counts, by kind. */
  kinds(scope: string): Promise<Readonly<Record<string, number>>>
  /** A report of the day of the six hours, worked out again by its verifier. */
  verified(scope: string, ruleset?: string): Promise<BundleVerdict>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly body: {
    readonly accepted: number
    readonly repeated: number
    readonly refused: number
    readonly rows: readonly {
      readonly fate: string
      readonly reason?: string
      readonly warnings?: string[]
    }[]
  }
}

export async function systemWorld(
  units: readonly Unit[],
  /** Instrument id to the unit that manages it. */
  instruments: Readonly<Record<string, string>>,
  options: {
    readonly sensed?: boolean
    readonly enrolment?: Readonly<Record<string, object>>
    /** Who probes the channels of this installation. */
    readonly channels?: (made: Pick<SystemWorld, 'ingest' | 'clock'>) => ChannelMonitor
  } = {},
): Promise<SystemWorld> {
  const folder = freshFolder()
  const clock = createManualClock(start)
  const ingest = await openIngest(folder, clock)
  const gateway = createTestGateway('gw-1')
  await ingest.recordAll([
    ...units.map(([id, parent, kind, flags]) =>
      recordItem('organisation', 'installation', {
        ...{ id, parent, kind, names: { en: id }, from: start - 1 },
        ...(parent === null ? { zone: 'Asia/Shanghai' } : {}),
        ...(flags ? { flags } : {}),
      }),
    ),
    ...gateway.records(),
    ...Object.entries(instruments).map(([instrument, unit]) =>
      recordItem('enrolment', site, {
        ...{ instrument, gateway: 'gw-1', unit, from: start, names: { en: instrument } },
        ...options.enrolment?.[instrument],
      }),
    ),
  ])
  if (options.sensed !== false)
    while (gateway.at() < period.to) {
      const state = gateway.at() < start + runMs ? 'run' : 'standby'
      const spans: PageSpan[] = [[state, 0, pageMs]]
      const enrolled = Object.keys(instruments).filter(
        (id) => enrolledFrom(options.enrolment?.[id]) <= gateway.at(),
      )
      const bytes = gateway.page(Object.fromEntries(enrolled.map((id) => [id, spans])))
      clock.advanceTo(gateway.at() + 1_000)
      await ingest.commit({ topic: gateway.topic, payload: bytes, client: gateway.id })
    }
  clock.advanceTo(period.to + HOUR)
  await ingest.settled()
  const log = pino({ level: 'silent' })
  const channels = options.channels?.({ ingest, clock })
  const api = await createApi({
    ...{ ingest, log, software: 'test', logDir: join(folder, 'log') },
    ...(channels ? { channels } : {}),
  })
  const get = async <T>(path: string) =>
    (await api.inject({ method: 'GET', url: `/api/v1/${path}` })).json<T>()

  const lines = async (scope: string) =>
    (await get<{ figures: FigureLine[] }>(`figures?scope=${scope}&period=2026-01-05&members=0`)).figures
  const figures = async (scope: string) =>
    Object.fromEntries((await lines(scope)).map(({ kpi, value }) => [kpi, value]))

  return {
    ...{ ingest, clock, get, figures },
    async post(path, body) {
      const headers = { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' }
      const url = `/api/v1/${path}`
      const reply = await api.inject({ method: 'POST', url, headers, payload: body as object | string })
      await ingest.settled()
      return { status: reply.statusCode, body: reply.json() }
    },
    text: async (path) => (await api.inject({ method: 'GET', url: `/api/v1/${path}` })).body,
    figure: async (scope, kpi) => (await lines(scope)).find((line) => line.kpi === kpi),
    async kinds(scope) {
      type Told = { kinds: { kind: string | null; sets: number }[] }
      const { kinds } = await get<Told>(`figures?scope=${scope}&period=2026-01-05&members=0`)
      return Object.fromEntries(kinds.map(({ kind, sets }) => [kind ?? '', sets]))
    },
    async verified(scope, ruleset) {
      clock.advanceTo(Math.max(clock.wall(), start + DAY + 2 * HOUR))
      const out = join(folder, 'report')
      await writeBundle(ingest, { ...{ scope, out, ruleset }, period: '2026-01-05', software: 'test' })
      const verdict = verifyBundle(out)
      rmSync(out, { recursive: true })
      return verdict
    },
    async close() {
      await channels?.close()
      await api.close()
      await ingest.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const enrolledFrom = (change: object | undefined): number =>
  change !== undefined && 'from' in change && typeof change.from === 'number' ? change.from : start

/** Hours of the six, as instants. */
export const at = (hours: number): number => start + hours * HOUR

/** A session of `hours` on an instrument for a beneficiary. */
export const session = (
  instrument: string,
  beneficiary: string,
  [from, to]: readonly [number, number],
  more = {},
) => ({
  instrument: `${site}/${instrument}`,
  from: at(from),
  to: at(to),
  beneficiary,
  user: `user of ${beneficiary}`,
  purpose: 'service',
  ...more,
})

/** Probes one booking page of a channel that has an owner; one bad answer opens an incident, one good one closes it. */
export const probing =
  (web: Web, id: string, owner: string) =>
  ({ ingest, clock }: Pick<SystemWorld, 'ingest' | 'clock'>): ChannelMonitor =>
    createChannelMonitor({
      ...{ ingest, clock },
      settings: { channels: [channelOf(web.url, { id, owner, openAfter: 1, closeAfter: 1 })] },
      store: openProbeStore(':memory:'),
      log: pino({ level: 'silent' }),
    })
