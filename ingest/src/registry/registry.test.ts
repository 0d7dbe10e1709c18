import { rmSync } from 'node:fs'
import { createManualClock, decodeRecord, type GatewayId, type SiteId } from '@hours/protocol'
import { parseRecord } from '@hours/ledger'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  createTestGateway,
  enrolmentRecord,
  freshFolder,
  openIngest,
  site,
  start,
  unitRecord,
} from '../ingest.fixture.ts'
import type { RunningIngest } from '../running-ingest.ts'
import type { RecordItem } from '../write-records.ts'

let dataDir: string
let ingest: RunningIngest
const clock = createManualClock(start)
const gateway = createTestGateway('gw-1')

beforeEach(async () => {
  dataDir = freshFolder()
  ingest = await openIngest(dataDir, clock)
})
afterEach(async () => {
  await ingest.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const session = (id: string, beneficiary = 'gibh'): RecordItem =>
  ({
    kind: 'session',
    stream: site,
    body: {
      id,
      instrument: 'sem-01',
      from: start,
      to: start + 1,
      beneficiary,
      user: 'p-1',
      purpose: 'research',
      actor: 'ann',
    },
  }) as unknown as RecordItem

const sessions = () =>
  ingest.registry.records('session').map(({ record }) => `${record.id} ${record.beneficiary}`)

it('numbers and chains each stream, over batches and restarts', async () => {
  await ingest.recordAll([unitRecord(), session('s-1'), session('s-2')])
  await Promise.all([ingest.recordAll([session('s-3')]), ingest.recordAll([session('s-4')])])
  await ingest.close()
  ingest = await openIngest(dataDir, clock)
  await ingest.recordAll([session('s-5'), unitRecord()])
  const chain = [...ingest.log.entries()].flatMap(({ bytes }) => {
    const record = parseRecord(bytes)
    if (!record.ok || record.value.kind !== 'session') return []
    const body = decodeRecord('session', record.value.payload)
    return body.ok ? [body.value] : []
  })
  expect(chain.map(({ seq, id }) => [seq, id])).toEqual([1, 2, 3, 4, 5].map((n) => [n - 1, `s-${n}`]))
  expect(chain[0]?.prev).toBeNull()
  const hashes = ingest.registry.records('session').map(({ hash }) => hash)
  expect(chain.slice(1).map(({ prev }) => prev)).toEqual(hashes.slice(0, -1))
})

it('refuses a body that its schema does not take, naming the field, and nothing of the batch is logged', async () => {
  const size = ingest.log.size()
  const bad = {
    ...session('s-2'),
    body: { ...session('s-2').body, from: 'yesterday' },
  } as unknown as RecordItem
  await expect(ingest.recordAll([session('s-1'), bad])).rejects.toThrow(/session: from: "yesterday"/)
  await expect(ingest.record('session', 'No Site', session('s').body as never)).rejects.toThrow(
    /stream "No Site"/,
  )
  await expect(ingest.record('time', site, { at: start, size: 1 })).rejects.toThrow(/written by the log/)
  expect(ingest.log.size()).toBe(size)
  await ingest.recordAll([session('s-1')])
  expect(sessions()).toEqual(['s-1 gibh'])
})

it('a correction counts when another person has approved it, and not before', async () => {
  const [one, two] = await ingest.recordAll([session('s-1'), session('s-2')])
  const { hash } = await ingest.record('correction', site, {
    of: one!.hash,
    reason: 'wrong beneficiary',
    replacement: session('s-1', 'gzmu').body,
    actor: 'ann',
  })
  const gone = await ingest.record('correction', site, {
    of: two!.hash,
    reason: 'never took place',
    void: true,
    actor: 'ann',
  })
  expect(sessions()).toEqual(['s-1 gibh', 's-2 gibh'])
  await ingest.record('approval', site, { of: hash, by: 'ann', role: 'manager' })
  expect(sessions()).toEqual(['s-1 gibh', 's-2 gibh'])
  await ingest.record('approval', site, { of: hash, by: 'ben', role: 'manager' })
  expect(sessions()).toEqual(['s-1 gzmu', 's-2 gibh'])
  await ingest.record('approval', site, { of: gone.hash, by: 'ben', role: 'manager' })
  expect(sessions()).toEqual(['s-1 gzmu'])
  await ingest.close()
  ingest = await openIngest(dataDir, clock)
  expect(sessions()).toEqual(['s-1 gzmu'])
})

it('an instrument belongs to the gateway of its newest enrolment, in the zone of its unit', async () => {
  await ingest.recordAll([unitRecord(), ...gateway.records(), enrolmentRecord('gw-1', 'sem-01')])
  await ingest.recordAll([enrolmentRecord('gw-2', 'sem-01', start + 1_000)])
  const [entry] = ingest.registry.instruments()
  expect(entry).toMatchObject({
    key: 'gz-gibh/sem-01',
    zone: 'Asia/Shanghai',
    enrolment: { gateway: 'gw-2' },
  })
  expect(entry?.enrolments.map(({ gateway: g, from, to }) => [g, from, to])).toEqual([
    ['gw-1', start, start + 1_000],
    ['gw-2', start + 1_000, undefined],
  ])
})

it('a tree of organisations is dated', async () => {
  await ingest.recordAll([unitRecord()])
  const moved = unitRecord()
  await ingest.recordAll([
    { ...moved, body: { ...moved.body, parent: 'cas', from: start + 1_000 } } as RecordItem,
  ])
  expect(ingest.registry.organisation('gibh', start)?.parent).toBeNull()
  expect(ingest.registry.organisation('gibh', start + 1_000)?.parent).toBe('cas')
  expect(ingest.registry.organisation('gibh', start - 10)).toBeUndefined()
})

it('the broker finds enrolled gateways, with a password that only a hash is kept of, until they are shut out', async () => {
  expect(ingest.directory.find('gw-1')).toBeUndefined()
  await ingest.recordAll([unitRecord(), ...gateway.records(), enrolmentRecord('gw-1', 'sem-01')])
  expect(ingest.directory.find('gw-1')).toEqual({ site, gateway: 'gw-1', revoked: false })
  ingest.setGatewayPassword('gw-1', 'secret')
  await ingest.close()
  ingest = await openIngest(dataDir, clock)
  expect(ingest.directory.find('gw-1')?.password).toMatch(/^scrypt\$16384\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
  ingest.setGatewayRevoked('gw-1', true)
  expect(ingest.directory.find('gw-1')?.revoked).toBe(true)
  ingest.setGatewayRevoked('gw-1', false)
  const [key] = ingest.registry.records('key')
  const { holder, n, alg, from, public: publicKey } = key!.record
  await ingest.record('key', 'installation', {
    holder,
    n,
    alg,
    from,
    public: publicKey,
    revoked: clock.wall(),
  })
  expect(ingest.directory.find('gw-1')?.revoked).toBe(true)
})

it('the newest configuration is published, retained, at once and to a broker that comes later', async () => {
  const sent: { topic: string; retain: boolean }[] = []
  const attach = () =>
    ingest.attach((topic, _payload, { retain }) => Promise.resolve(void sent.push({ topic, retain })))
  attach()
  await ingest.recordAll([unitRecord(), ...gateway.records(), enrolmentRecord('gw-1', 'sem-01')])
  await ingest.record('config', site, { gateway: 'gw-1' as GatewayId, revision: 1, instruments: [] })
  const expected = { topic: 'hours/1/gz-gibh/gw-1/config', retain: true }
  expect(sent).toEqual([expected])
  expect(ingest.registry.gateways()).toEqual([
    { site: 'gz-gibh' as SiteId, gateway: 'gw-1', epoch: 0, configRevision: 1 },
  ])
  attach()
  expect(sent).toEqual([expected, expected])
})
