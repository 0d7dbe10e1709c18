import { rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  createApi,
  createInfluxSeries,
  createSeriesOutbox,
  feedSeries,
  type InfluxSeries,
} from '@hours/ingest'
import {
  createManualClock,
  DAY,
  encodePowerReport,
  encodeStatus,
  HOUR,
  MINUTE,
  type PageSpan,
} from '@hours/protocol'
import { pino } from 'pino'
import {
  createTestGateway,
  enrolmentRecord,
  freshFolder,
  openIngest,
  pageMs,
  site,
  start,
  unitRecord,
} from '../../ingest/src/ingest.fixture.ts'
import { startInfluxd } from '../contract/influxd.fixture.ts'

export const days = 2
export const from = start
/** Grafana's filter is inclusive. */
export const to = start + days * DAY - 1

/** Two days of three instruments at two gateways, in a real influxd and behind the HTTP API. */
export interface PlayedDays {
  readonly series: InfluxSeries
  get<T>(url: string): Promise<T>
  close(): Promise<void>
}

/** When sem-01's gateway was not heard, and when it was in fault. */
export const silence = { from: start + 250 * pageMs, to: start + 250 * pageMs + 3 * HOUR }
export const fault = { from: silence.to + 250 * pageMs, to: silence.to + 280 * pageMs }
/** Minutes of power of sem-01, from the start on. */
export const powerMinutes = 60

export async function playDays(): Promise<PlayedDays> {
  const folder = freshFolder()
  const influxd = await startInfluxd()
  const series = createInfluxSeries({ url: influxd.url })
  const clock = createManualClock(start)
  const ingest = await openIngest(folder, clock)
  const [gateway, other] = [createTestGateway('gw-1'), createTestGateway('gw-2')]
  await ingest.recordAll([
    unitRecord(),
    organisation('acme'),
    ...gateway.records(),
    ...other.records(),
    enrolmentRecord('gw-1', 'sem-01'),
    enrolmentRecord('gw-1', 'nmr-01'),
    enrolmentRecord('gw-2', 'xrd-01'),
    session('s1', start + 10 * HOUR, start + 12 * HOUR, 'acme'),
    session('s2', start + 2 * HOUR, start + 3 * HOUR, 'gibh'),
  ] as never)
  await ingest.settled()
  const outbox = createSeriesOutbox({ path: join(folder, 'outbox.sqlite'), store: series, clock, rest: 0 })
  const feed = feedSeries({
    ingest,
    outbox,
    onError: (error) => {
      throw error
    },
  })
  const send = (of: typeof gateway, kind: string, payload: Uint8Array) =>
    ingest.commit({ topic: of.topic.replace(/page$/, kind), payload, client: of.id })
  const sent: Promise<void>[] = []
  const half = pageMs / 2
  const nmr: PageSpan[] = [
    ['run', 0, half],
    ['standby', half, pageMs],
  ]
  /** A heartbeat of whoever is there each minute, and a page of each at the end of its five. */
  async function pages(count: number, sem: 'run' | 'off' | 'fault'): Promise<void> {
    for (let i = 0; i < count; i++) {
      const begin = gateway.at()
      const isThere = other.at() < start + DAY / 2
      for (let at = begin + MINUTE / 2; at < begin + pageMs; at += MINUTE) {
        clock.advanceTo(at)
        await status(gateway, 2, 120)
        if (isThere) await status(other, 7, -40)
      }
      const bytes = gateway.page({ 'sem-01': [[sem, 0, pageMs]], 'nmr-01': nmr })
      clock.advanceTo(gateway.at() + 1_000)
      await send(gateway, 'page', bytes)
      // Its gateway falls silent for ever after half a day.
      if (isThere) await send(other, 'page', other.page({ 'xrd-01': [['standby', 0, pageMs]] }))
    }
  }
  const status = (of: typeof gateway, spool: number, offsetMs: number) => {
    const told = { v: 1, online: true, at: clock.wall(), spool: { pages: spool, oldest: null, dropped: 0 } }
    const clockNow = { source: 'ntp', offsetMs, errorMs: 10, steppedMs: 0 }
    return send(of, 'status', Buffer.from(encodeStatus({ ...told, clock: clockNow } as never)))
  }
  await pages(100, 'run')
  await pages(150, 'off')
  gateway.skip(3 * HOUR)
  await pages(250, 'off')
  await pages(30, 'fault')
  await send(gateway, 'page', Buffer.from('no page'))
  await pages(2 * 288 - 567, 'run')
  await ingest.settled()
  await pages(1, 'run')
  for (let at = 0; at < powerMinutes; at++) {
    const mw = [[900_000, 1_000_000 + at * 1_000, 1_200_000]]
    const report = {
      v: 1,
      from: start + at * MINUTE,
      stepMs: 60_000,
      instruments: [{ id: 'sem-01', mw, mwh: null }],
    }
    sent.push(send(gateway, 'power', Buffer.from(encodePowerReport(report as never))))
  }
  await Promise.all(sent)
  await feed.settled()
  await outbox.flush()
  const { pending, quarantined } = outbox.state()
  if (pending + quarantined > 0) throw new Error(`${pending} points wait, ${quarantined} were refused`)
  const log = pino({ level: 'silent' })
  const api = await createApi({ ingest, log, software: 'test', logDir: join(folder, 'log') })
  await feed.close()
  await outbox.close()
  return {
    series,
    async get<T>(url: string) {
      const answer = await api.inject(url)
      if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode} ${answer.body}`)
      return answer.json<T>()
    },
    async close() {
      await api.close()
      await ingest.close()
      await influxd.remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const organisation = (id: string) => ({
  kind: 'organisation',
  stream: 'installation',
  body: { id, parent: null, kind: 'entity', names: { en: id }, zone: 'Asia/Shanghai', from: start - 1 },
})

const session = (id: string, since: number, until: number, beneficiary: string) => ({
  kind: 'session',
  stream: site,
  body: {
    id,
    instrument: 'nmr-01',
    from: since,
    to: until,
    beneficiary,
    purpose: 'service',
    user: 'u1',
    way: 'entrusted',
    source: 'test',
    actor: 'importer',
  },
})
