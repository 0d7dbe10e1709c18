import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIngest, type RunningIngest, type Witness } from '@hours/ingest'
import { createVkey, noteType, openWithPolicy, parsePolicy, parseVkey, formatVkey } from '@hours/ledger'
import { nodeCrypto, signerFromSeed } from '@hours/ledger/node'
import { createManualClock, type ManualClock } from '@hours/protocol'
import { createWitness, serveWitness } from '@hours/verifier'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'

const start = Date.UTC(2026, 5, 1)
const folder = () => mkdtempSync(join(tmpdir(), 'hours-witness-'))

let clock: ManualClock
let dataDir: string
let ingest: RunningIngest
const ending: (() => Promise<void>)[] = []

const open = (witnesses: readonly Witness[] = []) =>
  createIngest({
    dataDir,
    clock,
    log: pino({ level: 'silent' }),
    logName: 'demo.test',
    simulated: true,
    witnesses,
  })

beforeEach(async () => {
  clock = createManualClock(start)
  dataDir = folder()
  ingest = await open()
})
afterEach(async () => {
  await ingest.close()
  await Promise.all(ending.splice(0).map((end) => end()))
  rmSync(dataDir, { recursive: true })
})

/** A real witness that watches the log of `ingest`. */
async function runWitness(name: string): Promise<Witness> {
  const dir = folder()
  const signer = signerFromSeed(nodeCrypto.sha256(new TextEncoder().encode(name)), 'witness#1')
  const key = createVkey(name, noteType.cosignature, signer.publicKey, nodeCrypto.sha256)
  const log = parseVkey(ingest.log.vkey(), nodeCrypto.sha256)
  if (!log.ok) throw new Error(log.error.message)
  const witness = createWitness({ dir, name, signer, logs: [log.value], clock })
  const served = await serveWitness(witness, { host: '127.0.0.1', port: 0 })
  ending.push(async () => {
    await served.close()
    rmSync(dir, { recursive: true })
  })
  return { name: name.replaceAll('/', '-'), key, url: `http://127.0.0.1:${served.port}` }
}

const grow = (id: string) =>
  ingest.record('organisation', 'installation', {
    id,
    parent: null,
    kind: 'entity',
    names: { en: id },
    zone: 'Asia/Shanghai',
    from: clock.wall(),
  } as never)

const latest = () => readFileSync(join(dataDir, 'log', '2026', 'checkpoints', 'latest'), 'utf8')

function policyOf(witnesses: readonly Witness[], quorum: string) {
  const lines = witnesses.map(({ name, key, url }) => `witness ${name} ${formatVkey(key)} ${url}`)
  const all = `group all all ${witnesses.map(({ name }) => name).join(' ')}`
  const policy = parsePolicy(
    [`log ${ingest.log.vkey()}`, ...lines, all, `quorum ${quorum}`, ''].join('\n'),
    nodeCrypto.sha256,
  )
  if (!policy.ok) throw new Error(policy.error.message)
  return policy.value
}

it('carries each growth of the log to two witnesses and keeps one note that both have signed', async () => {
  const witnesses = [await runWitness('regulator.example/w1'), await runWitness('library.example/w2')]
  for (const witness of witnesses) ingest.witnessing.add(witness)
  await ingest.witnessing.round()
  const policy = policyOf(witnesses, 'all')
  expect(openWithPolicy(latest(), policy, nodeCrypto)).toMatchObject({ ok: true })
  await grow('a')
  clock.advanceTo(start + 660_000)
  // The minutes that passed began a round of their own, and a second call only waits for the first.
  await ingest.witnessing.round()
  await grow('b')
  await ingest.witnessing.round()
  const opened = openWithPolicy(latest(), policy, nodeCrypto)
  if (!opened.ok) throw new Error(opened.error.message)
  expect(opened.value.checkpoint.size).toBe(ingest.log.size())
  expect(opened.value.witnesses).toHaveLength(2)
  expect(ingest.log.keptSizes(2026)).toHaveLength(2)
  expect(ingest.witnessing.states().map(({ reason }) => reason)).toEqual([null, null])
})

it('goes on with the other when one is down, says so, and catches up when it is back', async () => {
  const up = await runWitness('regulator.example/w1')
  const down = { ...(await runWitness('library.example/w2')), url: 'http://127.0.0.1:1' }
  ingest.witnessing.add(up)
  ingest.witnessing.add(down)
  await ingest.witnessing.round()
  expect(openWithPolicy(latest(), policyOf([up, down], up.name), nodeCrypto).ok).toBe(true)
  expect(openWithPolicy(latest(), policyOf([up, down], 'all'), nodeCrypto)).toMatchObject({
    error: { code: 'no_quorum' },
  })
  expect(ingest.witnessing.states()).toMatchObject([
    { reason: null },
    { reason: expect.stringMatching(/./) as string },
  ])
  expect(ingest.health().ok).toBe(true)
})

it('a witness whose answer is signed by another key counts for nothing', async () => {
  const real = await runWitness('regulator.example/w1')
  const other = await runWitness('library.example/w2')
  ingest.witnessing.add({ ...real, key: other.key })
  await ingest.witnessing.round()
  expect(ingest.witnessing.states()[0]?.reason).toMatch(/no line of the answer/)
  expect(() => latest()).toThrow(/ENOENT/)
})

it('refuses to sign over a log put back from a backup, though every memory of our own is gone with it', async () => {
  const witness = await runWitness('regulator.example/w1')
  await ingest.close()
  const backup = folder()
  cpSync(dataDir, backup, { recursive: true })
  ingest = await open([witness])
  await grow('a')
  await ingest.witnessing.round()
  await ingest.close()
  rmSync(dataDir, { recursive: true })
  cpSync(backup, dataDir, { recursive: true })
  await expect(open([witness])).rejects.toThrow(/regulator.example-w1 says/)
  ingest = await open()
  rmSync(backup, { recursive: true })
})

it('raises the alarm when the log it runs no longer continues what a witness has seen', async () => {
  const witness = await runWitness('regulator.example/w1')
  await ingest.close()
  const backup = folder()
  cpSync(dataDir, backup, { recursive: true })
  ingest = await open([witness])
  await grow('a')
  await grow('b')
  await ingest.witnessing.round()
  await ingest.close()
  rmSync(dataDir, { recursive: true })
  cpSync(backup, dataDir, { recursive: true })
  ingest = await open()
  for (const id of ['c', 'd', 'e', 'f']) await grow(id)
  ingest.witnessing.add(witness)
  await ingest.witnessing.round()
  expect(ingest.health()).toMatchObject({ ok: false })
  expect(ingest.health().reasons.join()).toMatch(/regulator.example-w1.*Fix: stop/)
  rmSync(backup, { recursive: true })
})
