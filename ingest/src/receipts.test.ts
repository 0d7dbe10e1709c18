import { setImmediate as turn } from 'node:timers/promises'
import { isHarmlessReceiptCode, parseVkey, verifyReceipt } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { encodeStatus, type Seen } from '@hours/protocol'
import { expect, it } from 'vitest'
import {
  closeTestSite,
  createTestGateway,
  enrolmentRecord,
  openIngest,
  openTestSite,
  pageMs,
  run,
  start,
} from './ingest.fixture.ts'
import type { RunningIngest } from './running-ingest.ts'

/** A gateway's spool: what it still holds, what it has verified, and every code it was refused with. */
function createSpool(ingest: RunningIngest, gateway: string) {
  const pages = new Map<number, Uint8Array>()
  let seen: Seen[] = []
  const codes: string[] = []
  const vkey = parseVkey(ingest.log.vkey(), nodeCrypto.sha256)
  if (!vkey.ok) throw new Error(vkey.error.message)
  const logs = [vkey.value]
  const { kid, alg, publicKey } = ingest.keys.service
  return {
    pages,
    codes,
    seen: () => seen[0] ?? null,
    take(bytes: Uint8Array) {
      const pageBytes = (_epoch: number, seq: number) => pages.get(seq)
      const receipt = verifyReceipt(bytes, {
        crypto: nodeCrypto,
        gateway,
        logs,
        service: [{ kid, alg, publicKey }],
        seen,
        pageBytes,
      })
      if (!receipt.ok) {
        codes.push(receipt.error.code)
        return
      }
      seen = [receipt.value.seen, ...seen].slice(0, 8)
      for (const seq of receipt.value.released) pages.delete(seq)
    },
  }
}

it.each([0, 0.3, 0.7])(
  'with %f of the receipts lost every page leaves the spool, and no receipt looks like a fork',
  async (loss) => {
    const { dataDir, clock, gateway, ingest } = await openTestSite()
    const other = createTestGateway('gw-2')
    await ingest.recordAll([...other.records(), enrolmentRecord('gw-2', 'nmr-01')])
    const spool = createSpool(ingest, 'gw-1')
    let random = 12_345
    const chance = () => (random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
    ingest.attach((topic, payload) => {
      if (topic === gateway.topic.replace('/page', '/receipt') && chance() >= loss)
        spool.take(payload as Uint8Array)
      return Promise.resolve()
    })
    clock.advanceTo(start + 200 * pageMs)
    // An old spool: its pages name what was seen long ago, while receipts for them go on.
    for (let seq = 0; seq < 120; seq++) {
      gateway.seen = seq % 25 === 24 ? spool.seen() : gateway.seen
      spool.pages.set(seq, gateway.page({ 'sem-01': run }))
      await Promise.all([
        ingest.commit({ topic: gateway.topic, payload: spool.pages.get(seq)! }),
        ingest.commit({ topic: other.topic, payload: other.page({ 'nmr-01': run }) }),
      ])
      clock.advanceTo(clock.wall() + 400)
      await turn()
    }
    for (let round = 0; round < 60 && spool.pages.size > 0; round++) {
      for (const payload of spool.pages.values()) await ingest.commit({ topic: gateway.topic, payload })
      for (let i = 0; i < 5; i++) {
        clock.advanceTo(clock.wall() + 1_000)
        await turn()
      }
    }
    expect(spool.pages.size).toBe(0)
    expect(spool.codes.filter((code) => !isHarmlessReceiptCode(code as never))).toEqual([])
    await closeTestSite({ dataDir, ingest })
  },
  30_000,
)

it('a service that has forgotten what it sent learns from the heartbeat what the gateway holds', async () => {
  const { dataDir, clock, gateway, ...opened } = await openTestSite()
  let { ingest } = opened
  const spool = createSpool(ingest, 'gw-1')
  const receiptTopic = gateway.topic.replace('/page', '/receipt')
  const statusTopic = gateway.topic.replace('/page', '/status')
  let isLost = false
  const attach = () =>
    ingest.attach((topic, payload) => {
      if (topic === receiptTopic && !isLost) spool.take(payload as Uint8Array)
      return Promise.resolve()
    })
  const wait = async () => {
    for (let i = 0; i < 5; i++) {
      clock.advanceTo(clock.wall() + 1_000)
      await turn()
    }
  }
  const send = async () => {
    for (const payload of spool.pages.values()) await ingest.commit({ topic: gateway.topic, payload })
    await wait()
  }
  attach()
  clock.advanceTo(start + 200 * pageMs)
  // Sealed one after the other while the receipts are lost: none of them names what the next receipt will show.
  for (let seq = 0; seq < 4; seq++) spool.pages.set(seq, gateway.page({ 'sem-01': run }))
  const [first] = spool.pages.values()
  await ingest.commit({ topic: gateway.topic, payload: first! })
  await wait()
  expect(spool.seen()).not.toBeNull()
  isLost = true
  await send()
  await ingest.close()
  ingest = await openIngest(dataDir, clock)
  isLost = false
  attach()
  await send()
  await send()
  expect(spool.pages.size).toBe(3)
  expect(new Set(spool.codes)).toEqual(new Set(['receipt_base']))
  const status = { v: 1 as const, online: true, at: clock.wall(), seen: spool.seen() }
  await ingest.commit({ topic: statusTopic, payload: Buffer.from(encodeStatus(status)) })
  await send()
  expect(spool.pages.size).toBe(0)
  await closeTestSite({ dataDir, ingest })
})
