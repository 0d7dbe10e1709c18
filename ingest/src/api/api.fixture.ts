import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createManualClock, encodePowerReport, encodeStateEvent, type ManualClock } from '@hours/protocol'
import type { LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import {
  createTestGateway,
  enrolmentRecord,
  freshFolder,
  openIngest,
  pageMs,
  start,
  type TestGateway,
  unitRecord,
} from '../ingest.fixture.ts'
import type { RunningIngest } from '../running-ingest.ts'
import type { ApiContext } from './context.ts'
import { type Api, createApi } from './server.ts'

/** For tests: a real ingest with two instruments on one gateway, and the API before it. */
export interface ApiWorld {
  readonly api: Api
  readonly context: ApiContext
  readonly ingest: RunningIngest
  readonly clock: ManualClock
  readonly gateway: TestGateway
  readonly folder: string
  /** Sends the next page: sem-01 runs for all of it, nmr-01 stands by for half of it. */
  page(): Promise<void>
  /** A minute of power of sem-01, mW. */
  power(at: number, mw: number): Promise<void>
  stateEvent(instrument: string, state: 'run' | 'off' | 'fault', at: number): Promise<void>
  get(url: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  close(): Promise<void>
}

/** `change` to the context; a function where it needs the ingest or clock that were made. */
export async function createApiWorld(
  change:
    | Partial<ApiContext>
    | ((made: Pick<ApiWorld, 'ingest' | 'clock' | 'folder'>) => Partial<ApiContext>) = {},
): Promise<ApiWorld> {
  const folder = freshFolder()
  const clock = createManualClock(start)
  const ingest = await openIngest(folder, clock)
  const gateway = createTestGateway('gw-1')
  const named = enrolmentRecord('gw-1', 'nmr-01')
  await ingest.recordAll([
    unitRecord(),
    ...gateway.records(),
    enrolmentRecord('gw-1', 'sem-01'),
    {
      ...named,
      body: { ...named.body, names: { en: '=HYPERLINK("x")', zh: '核磁共振' }, alwaysOn: true },
    } as typeof named,
  ])
  await ingest.settled()
  const webRoot = join(folder, 'web')
  mkdirSync(join(webRoot, 'assets'), { recursive: true })
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>the page</title>')
  writeFileSync(join(webRoot, 'assets', 'app-1a2b.js'), 'export {}')
  const context: ApiContext = {
    ingest,
    log: pino({ level: 'silent' }),
    webRoot,
    software: 'test',
    logDir: join(folder, 'log'),
    ...(typeof change === 'function' ? change({ ingest, clock, folder }) : change),
  }
  const api = await createApi(context)
  const client = gateway.id
  return {
    api,
    context,
    ingest,
    clock,
    gateway,
    folder,
    async page() {
      const bytes = gateway.page({
        'sem-01': [['run', 0, pageMs]],
        'nmr-01': [['standby', 0, pageMs / 2]],
      })
      clock.advanceTo(gateway.at() + 1_000)
      await ingest.commit({ topic: gateway.topic, payload: bytes, client })
      await ingest.settled()
    },
    async power(at, mw) {
      const report = encodePowerReport({
        v: 1,
        from: at,
        stepMs: 60_000,
        instruments: [{ id: 'sem-01' as never, mw: [[mw, mw, mw] as never], mwh: null }],
      })
      const topic = gateway.topic.replace(/page$/, 'power')
      await ingest.commit({ topic, payload: Buffer.from(report), client })
    },
    async stateEvent(instrument, state, at) {
      const event = encodeStateEvent({ v: 1, state, since: at, at: at, why: 'power' })
      const topic = gateway.topic.replace(/page$/, `state/${instrument}`)
      await ingest.commit({ topic, payload: Buffer.from(event), client })
    },
    get: (url, headers = {}) => api.inject({ method: 'GET', url, headers }),
    async close() {
      await api.close()
      await ingest.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
