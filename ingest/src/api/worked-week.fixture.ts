import { rmSync } from 'node:fs'
import {
  createManualClock,
  type OrganisationId,
  type PageSpan,
  type SiteId,
  type State,
} from '@hours/protocol'
import { pino } from 'pino'
import { createTestGateway, freshFolder, openIngest } from '../ingest.fixture.ts'
import type { RunningIngest } from '../running-ingest.ts'
import { type Api, createApi } from './server.ts'
import { recordItem, type RecordItem } from '../write-records.ts'

/** test/vectors/worked-week.json, as far as it is used here. */
export interface WorkedWeek {
  readonly zone: string
  readonly period: [number, number]
  readonly instruments: readonly {
    readonly id: string
    readonly always_on?: boolean
    readonly enrolled?: [number, number]
    readonly prep: number
    readonly post: number
    readonly schedule?: { weekly: Record<string, [string, string][]>; holidays: string[] }
    readonly spans: readonly [State, number, number][]
    readonly maintenance: readonly [number, number][]
    readonly sessions: readonly {
      readonly id: string
      readonly from: number
      readonly to: number
      readonly beneficiary: string
      readonly purpose: string
      readonly user: string
      readonly samples: number
    }[]
  }[]
}

export const weekSite = 'gz-gibh' as SiteId
const pageMs = 300_000
/** Where the week's pages begin: the run of 31 December is seen whole. */
const firstPage = Date.UTC(2024, 11, 31, 12)

/** An ingest and its API that have been sent the worked week as pages and records. */
export interface WeekWorld {
  readonly api: Api
  readonly ingest: RunningIngest
  readonly folder: string
  get(
    url: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Record<string, unknown> }>
  close(): Promise<void>
}

/** Plays the week through the real ingest; `order` may shuffle what is sent. */
export async function playWeek(
  week: WorkedWeek,
  {
    order = (items) => items,
    zone = week.zone,
  }: {
    readonly order?: <T>(items: readonly T[]) => readonly T[]
    readonly zone?: string
  } = {},
): Promise<WeekWorld> {
  const folder = freshFolder()
  const clock = createManualClock(firstPage - 60_000)
  const ingest = await openIngest(folder, clock)
  const gateway = createTestGateway('gw-1', firstPage)
  const people = ['C1', 'C2', 'C3'].map((id) => organisation(id, { kind: 'entity' }))
  await ingest.recordAll([
    organisation('gibh', { kind: 'entity', zone }),
    organisation('lab', { parent: 'gibh' }),
    organisation('own', { parent: 'gibh' }),
    ...people,
    ...gateway.records(),
    ...week.instruments.map((one) =>
      recordItem('enrolment', weekSite, {
        instrument: one.id,
        gateway: 'gw-1',
        unit: 'lab',
        from: one.enrolled?.[0] ?? firstPage,
        names: { en: one.id },
        alwaysOn: one.always_on ?? false,
        prepMs: one.prep,
        postMs: one.post,
        valueFen: 80_000_000,
      }),
    ),
  ])
  await ingest.settled()
  const pages: Uint8Array[] = []
  while (gateway.at() < week.period[1]) {
    const from = gateway.at()
    const own = week.instruments.filter(({ enrolled }) => (enrolled?.[0] ?? firstPage) <= from)
    pages.push(gateway.page(Object.fromEntries(own.map((one) => [one.id, spansIn(one.spans, from)]))))
  }
  clock.advanceTo(week.period[1] + 60_000)
  const records = week.instruments.flatMap(recordsOf)
  const parts = order([...chunks(pages, 256), ...records.map((record) => [record])])
  // Pages come in the order of their chain; records before, between and after them.
  const pending = pages.values()
  for (const part of parts) {
    if (part[0] instanceof Uint8Array) {
      const payloads = part.flatMap(() => pending.next().value ?? [])
      await Promise.all(
        payloads.map((payload) => ingest.commit({ topic: gateway.topic, payload, client: gateway.id })),
      )
    } else await ingest.recordAll(part as RecordItem[])
  }
  await ingest.settled()
  // The `time` record that says when the last of them came.
  clock.advanceTo(week.period[1] + 180_000)
  await ingest.recordAll([recordItem('schedule', weekSite, neverUsed)])
  clock.advanceTo(week.period[1] + 300_000)
  await ingest.settled()
  const api = await createApi({
    ingest,
    log: pino({ level: 'silent' }),
    software: 'test',
    logDir: `${folder}/log`,
  })
  return {
    api,
    ingest,
    folder,
    async get(url, headers = {}) {
      const answer = await api.inject({ method: 'GET', url, headers })
      return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
    },
    async close() {
      await api.close()
      await ingest.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const neverUsed = { instrument: 'oven-1', weekly: {}, exceptions: {}, from: firstPage }

const organisation = (id: string, body: { kind?: string; parent?: string; zone?: string }) =>
  recordItem('organisation', 'installation', {
    kind: 'unit',
    parent: null,
    ...body,
    id: id.toLowerCase() as OrganisationId,
    names: { en: id },
    from: firstPage - 1,
  })

function recordsOf(one: WorkedWeek['instruments'][number]): RecordItem[] {
  const { id: instrument, schedule } = one
  const actor = 'import'
  return [
    ...(schedule
      ? [
          recordItem('schedule', weekSite, {
            instrument,
            weekly: schedule.weekly,
            exceptions: Object.fromEntries(schedule.holidays.map((day) => [day, []])),
            from: firstPage,
          }),
        ]
      : []),
    ...one.maintenance.map(([from, to], i) =>
      recordItem('maintenance', weekSite, { id: `m${i}`, instrument, from, to, actor }),
    ),
    ...one.sessions.map(({ id, from, to, beneficiary, purpose, user, samples }) =>
      recordItem('session', weekSite, {
        id,
        externalIds: [],
        instrument,
        from,
        to,
        beneficiary: beneficiary.toLowerCase(),
        user,
        purpose,
        way: 'operated',
        samples,
        actor,
      }),
    ),
  ]
}

/** The part of the spans that a page from `from` on has, ms after its begin; what no span covers is unknown. */
const spansIn = (spans: readonly [State, number, number][], from: number): PageSpan[] =>
  spans.flatMap(([state, a, b]): PageSpan[] => {
    const begin = Math.max(a - from, 0)
    const end = Math.min(b - from, pageMs)
    return begin < end && state !== 'unknown' ? [[state, begin, end]] : []
  })

function chunks<T>(all: readonly T[], size: number): T[][] {
  const made: T[][] = []
  for (let i = 0; i < all.length; i += size) made.push(all.slice(i, i + size))
  return made
}
