import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createIngest, openDoor, reconcile, type RunningIngest } from '@hours/ingest'
import { parsePolicy } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { createManualClock, HOUR, type ManualClock } from '@hours/protocol'
import { directorySource, verifyLog } from '@hours/verifier'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkPassword } from '../../ingest/src/access/secret.ts'
import { createTestGateway, site } from '../../ingest/src/ingest.fixture.ts'
import { gatewayPassword, personPassword, releaseSite } from './release-site.ts'
import { unpackFolder } from './site-archive.ts'
import { schemaOf, siteFigures, type SiteFigures } from './site-figures.ts'

interface Expected {
  readonly release: string
  readonly schema: { readonly index: number; readonly operations: number }
  readonly key: string
  readonly said: SiteFigures
}

const folder = join(import.meta.dirname, 'releases')
const releases = readdirSync(folder).filter((name) => name.endsWith('.site'))
let dir: string
let dataDir: string
let expected: Expected
let clock: ManualClock

const open = (): Promise<RunningIngest> =>
  createIngest({
    dataDir,
    clock,
    log: pino({ level: 'silent' }),
    logName: 'hours.release',
    simulated: false,
  })

/** What this release says of the data, and that its index holds what its log gives. */
async function said(): Promise<unknown> {
  const ingest = await open()
  try {
    await ingest.settled()
    expect(ingest.health()).toEqual({ ok: true, reasons: [] })
    return JSON.parse(JSON.stringify(siteFigures(ingest, releaseSite)))
  } finally {
    await ingest.close()
  }
}

it('there is data of a release', () => expect(releases.length).toBeGreaterThan(0))

describe.each(releases)('data written by %s', (release) => {
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'hours-upgrade-'))
    dataDir = join(dir, 'data')
    unpackFolder(readFileSync(join(folder, release)), dir)
    expected = JSON.parse(readFileSync(join(dir, 'expected.json'), 'utf8')) as Expected
    clock = createManualClock(releaseSite.to + HOUR)
    expect(`${expected.release}.site`).toBe(release)
    expect([schemaOf(dataDir, 'index'), schemaOf(dataDir, 'operations')]).toEqual([
      expected.schema.index,
      expected.schema.operations,
    ])
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  it('says what it said then, to the millisecond and the root', async () => {
    expect(expected.said.instruments.flatMap(({ spans }) => spans).length).toBeGreaterThan(500)
    expect(await said()).toEqual(expected.said)
    expect((await reconcile(dataDir)).differences).toEqual([])
  })

  it('verifies, every signature and page of it', async () => {
    const ingest = await open()
    const log = ingest.log.vkey()
    await ingest.close()
    const policy = parsePolicy(`log ${log}\nquorum none\n`, nodeCrypto.sha256)
    if (!policy.ok) throw new Error(policy.error.message)
    const verdict = await verifyLog(directorySource(join(dataDir, 'log')), policy.value)
    expect(verdict.problems).toEqual([])
    expect(verdict.logs.map(({ size }) => size)).toEqual(expected.said.logs.map(({ size }) => size))
  })

  it('lets in whom it let in: people, keys, gateways; and its audit still chains', async () => {
    const door = await openDoor({ dataDir, clock })
    expect(await door.accounts.signIn('lin', 'not the password')).toBe('wrong')
    expect(await door.accounts.signIn('lin', personPassword)).toHaveProperty('token')
    expect(door.accounts.byKey(expected.key)).toMatchObject({ id: 'lin', scopes: ['read'] })
    expect(door.audit.check()).toMatchObject({ broken: undefined, size: 1 })
    door.close()
    const ingest = await open()
    for (const id of releaseSite.gateways)
      expect(await checkPassword(gatewayPassword, ingest.directory.find(id)?.password)).toBe(true)
    await ingest.close()
  })

  it('goes on: a page that follows is logged behind it', async () => {
    const ingest = await open()
    const gateway = createTestGateway('gw-1', releaseSite.to)
    gateway.epoch(1)
    await ingest.recordAll([
      { kind: 'epoch', stream: 'installation', body: { gateway: gateway.id, epoch: 1, reason: 'upgrade' } },
    ])
    const page = gateway.page({ 'sem-01': [['run', 0, 300_000]] })
    await ingest.commit({ topic: `hours/1/${site}/gw-1/page`, payload: page, client: gateway.id })
    await ingest.settled()
    expect(ingest.index.gatewayCounts(gateway.id)).toMatchObject({ epoch: 1, through: 0, missing: 0 })
    expect(ingest.log.size()).toBeGreaterThan(expected.said.logs.at(-1)?.size ?? 0)
    await ingest.close()
    expect((await reconcile(dataDir)).differences).toEqual([])
  })

  it('with an index of an older schema, or of a newer one, has it made again from the log', async () => {
    for (const other of [1, 99]) {
      schemaOf(dataDir, 'index', other)
      const db = new DatabaseSync(join(dataDir, 'index.sqlite'))
      db.exec('DROP TABLE accounts; DELETE FROM days')
      db.close()
      expect(await said()).toEqual(expected.said)
    }
  })

  it('with operations of an older schema has them brought up, of a newer one is refused by name', async () => {
    schemaOf(dataDir, 'operations', 0)
    expect(await said()).toEqual(expected.said)
    schemaOf(dataDir, 'operations', 99)
    await expect(open()).rejects.toThrow(/operations\.sqlite was written by a newer release \(schema 99/)
    await expect(openDoor({ dataDir, clock })).rejects.toThrow(/newer release/)
  })
})
