import { type ApiWorld, createApiWorld } from '../../ingest/src/api/api.fixture.ts'
import type { ApiContext } from '../../ingest/src/api/context.ts'
import { type Door, openDoor } from '../../ingest/src/access/door.ts'
import type { Role } from '../../ingest/src/access/rights.ts'
import { createTestGateway, freshFolder, pageMs, start } from '../../ingest/src/ingest.fixture.ts'
import { type Clock, createManualClock, type ManualClock } from '@hours/protocol'
import { recordItem, type RecordItem } from '@hours/ingest'

/** Every id and name of the other organisation has this in it: no answer to the first one may. */
export const foreign = /zebra/i
export const password = 'correct horse battery'

type Answer = Awaited<ReturnType<ApiWorld['get']>>

export interface Caller {
  readonly headers: Readonly<Record<string, string>>
  get(url: string): Promise<Answer>
  send(method: string, url: string, body?: unknown): Promise<Answer>
}

/** Two organisations below one, each with instruments; one gateway serves both. */
export interface DoorsWorld extends ApiWorld {
  readonly door: Door
  readonly doorClock: ManualClock
  caller(role: Role, organisations: readonly string[] | null): Promise<Caller>
}

/** A clock of its own: tests of expiry move it without making pages. */
export async function createDoorsWorld(
  change: Partial<ApiContext> = {},
  guesses?: number,
): Promise<DoorsWorld> {
  const doorClock = createManualClock(start)
  const door = await openTestDoor(doorClock, guesses)
  const world = await createApiWorld({ door, ...change })
  await world.ingest.recordAll(zebraRecords())
  await world.ingest.settled()
  await zebraPages(world)
  let made = 0

  return {
    ...world,
    door,
    doorClock,
    async caller(role, organisations) {
      const id = `p${made++}`
      await door.accounts.create({ id, name: `${role} ${id}`, role, organisations }, null)
      const session = door.accounts.admit(id)
      if (!session) throw new Error('no session')
      const headers = { cookie: `__Host-hours=${session.token}`, 'x-csrf-token': session.csrf }
      return callerOf(world, headers)
    },
    async close() {
      await world.close()
      door.close()
    },
  }
}

/** The clock of tests stands still: nobody is kept waiting but where that is what is tried. */
export const openTestDoor = (clock: Clock, guesses = 12): Promise<Door> =>
  openDoor({
    ...{ dataDir: freshFolder(), clock },
    askRate: { perSecond: 1_000, burst: 1_000_000 },
    guessRate: { perSecond: 0.2, burst: guesses },
  })

export const callerOf = (
  world: Pick<ApiWorld, 'api'>,
  headers: Readonly<Record<string, string>>,
): Caller => ({
  headers,
  get: (url) => world.api.inject({ method: 'GET', url, headers }),
  send: (method, url, body) =>
    world.api.inject({
      method: method as 'POST',
      url,
      headers,
      ...(body === undefined ? {} : { payload: body as object }),
    }),
})

function zebraRecords(): RecordItem[] {
  const from = start - 1
  const actor = 'someone'
  const session = (stream: string, instrument: string, who: string) =>
    recordItem('session', stream, {
      id: `s-${who}`,
      instrument,
      from: start,
      to: start + 3_600_000,
      beneficiary: who,
      user: `u-${who}`,
      purpose: 'research',
      actor,
    })
  const enrol = (stream: string, instrument: string, gateway: string, unit: string) =>
    recordItem('enrolment', stream, {
      instrument,
      gateway,
      unit,
      from: start,
      names: { en: `${instrument} EN` },
    })
  return [
    recordItem('organisation', 'installation', {
      id: 'province',
      parent: null,
      kind: 'province',
      names: { en: 'All' },
      from,
    }),
    recordItem('organisation', 'installation', {
      id: 'zebra',
      parent: 'province',
      kind: 'entity',
      names: { en: 'Zebra Inc' },
      from,
    }),
    recordItem('organisation', 'installation', {
      id: 'gibh',
      parent: 'province',
      kind: 'entity',
      names: { en: 'GIBH' },
      zone: 'Asia/Shanghai',
      from: start,
    }),
    ...createTestGateway('gw-zebra').records(),
    ...createTestGateway('gw-both').records(),
    enrol('zebra-site', 'zebra-sem', 'gw-zebra', 'zebra'),
    enrol('gz-gibh', 'shared-own', 'gw-both', 'gibh'),
    enrol('gz-gibh', 'zebra-shared', 'gw-both', 'zebra'),
    recordItem('membership', 'installation', { channel: 'zebra-net', organisation: 'zebra', from }),
    recordItem('membership', 'installation', { channel: 'national', instrument: 'gz-gibh/sem-01', from }),
    session('gz-gibh', 'sem-01', 'gibh'),
    session('zebra-site', 'zebra-sem', 'zebra'),
    recordItem('close', 'installation', {
      scope: 'org:zebra',
      period: '2026-01',
      origin: 'demo.test/2026',
      size: 1,
      revision: 1,
    }),
  ]
}

/** Pages of all three gateways, something refused of a foreign one, live states of both. */
async function zebraPages(world: ApiWorld): Promise<void> {
  const { ingest } = world
  await world.page()
  const spans = [['run', 0, pageMs]] as never
  const zebra = createTestGateway('gw-zebra')
  const both = createTestGateway('gw-both')
  const site = 'zebra-site' as never
  const pages = [
    {
      gateway: zebra,
      topic: zebra.topic.replace('gz-gibh', 'zebra-site'),
      bytes: zebra.page({ 'zebra-sem': spans }, { site }),
    },
    { gateway: both, topic: both.topic, bytes: both.page({ 'shared-own': spans, 'zebra-shared': spans }) },
  ]
  for (const { gateway, topic, bytes } of pages)
    await ingest.commit({ topic, payload: bytes, client: gateway.id })
  await ingest.commit({
    topic: pages[0]?.topic ?? '',
    payload: Buffer.from('rubbish zebra'),
    client: zebra.id,
  })
  await ingest.settled()
}
