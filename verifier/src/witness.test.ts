import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createTileReader,
  createVkey,
  edgeRoot,
  edgeTile,
  emptyEdge,
  formatAddCheckpoint,
  growEdge,
  leafHash,
  noteType,
  openCheckpoint,
  parseCosignatures,
  addSignatures,
  proveConsistency,
  signCheckpoint,
  type TreeEdge,
} from '@hours/ledger'
import { createSigner, generateKey, nodeCrypto } from '@hours/ledger/node'
import { createManualClock } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { createWitness, serveWitness } from './witness.ts'

const { sha256 } = nodeCrypto
const origin = 'example.hours/2026'
const logSigner = createSigner('log#1', generateKey())
const witnessSigner = createSigner('witness#1', generateKey())
const log = createVkey(origin, noteType.ed25519, logSigner.publicKey, sha256)
const witnessKey = createVkey('regulator.example/w1', noteType.cosignature, witnessSigner.publicKey, sha256)
const clock = createManualClock(1_763_867_400_000)

const grow = (edge: TreeEdge, from: number, to: number, salt = '') =>
  growEdge(
    edge,
    Array.from({ length: to - from }, (_, i) =>
      leafHash(new TextEncoder().encode(`${salt}${from + i}`), sha256),
    ),
    sha256,
  ).edge
const signed = (edge: TreeEdge) =>
  signCheckpoint({ origin, size: edge.size, root: edgeRoot(edge, sha256) }, logSigner, sha256)
const folder = () => mkdtempSync(join(tmpdir(), 'witness-'))
const witnessIn = (dir: string) =>
  createWitness({ dir, name: 'regulator.example/w1', signer: witnessSigner, logs: [log], clock })
const consistency = (edge: TreeEdge, old: number) =>
  proveConsistency(
    old,
    edge.size,
    createTileReader((l, i) => edgeTile(edge, l, i), sha256).at(edge.size),
    sha256,
  )

const five = grow(emptyEdge, 0, 5)
const nine = grow(five, 5, 9)
const first = formatAddCheckpoint({ old: 0, proof: [], checkpoint: signed(five) })
const second = formatAddCheckpoint({ old: 5, proof: consistency(nine, 5), checkpoint: signed(nine) })

describe('a witness', () => {
  it('cosigns a log that grows, and its line verifies beside the log signature', () => {
    const witness = witnessIn(folder())
    expect(witness.addCheckpoint(first).status).toBe(200)
    const answer = witness.addCheckpoint(second)
    expect(answer.status).toBe(200)
    const lines = parseCosignatures(answer.body)
    expect(lines.ok).toBe(true)
    if (!lines.ok) return
    const opened = openCheckpoint(
      addSignatures(signed(nine), lines.value),
      { logs: [log], witnesses: [witnessKey] },
      nodeCrypto,
    )
    expect(opened.ok && opened.value.cosignatures).toHaveLength(1)
  })

  it('refuses a fork at the same size and one that does not continue, also after a restart', () => {
    const dir = folder()
    witnessIn(dir).addCheckpoint(first)
    const again = witnessIn(dir)
    const other = grow(grow(emptyEdge, 0, 5, 'forged'), 5, 9)
    const forked = formatAddCheckpoint({ old: 5, proof: consistency(other, 5), checkpoint: signed(other) })
    expect(again.addCheckpoint(forked).status).toBe(422)
    const sameSize = formatAddCheckpoint({
      old: 5,
      proof: [],
      checkpoint: signed(grow(emptyEdge, 0, 5, 'x')),
    })
    expect(again.addCheckpoint(sameSize).status).toBe(409)
    expect(again.addCheckpoint(second).status).toBe(200)
  })

  it('says its size when it is asked from another one', () => {
    const witness = witnessIn(folder())
    witness.addCheckpoint(first)
    expect(witness.addCheckpoint(first)).toEqual({ status: 409, type: 'text/x.tlog.size', body: '5\n' })
  })

  it('answers 404 for a log it does not watch, 403 for a bad signature, 400 for noise', () => {
    const witness = witnessIn(folder())
    const strange = signCheckpoint(
      { origin: 'other/2026', size: 1, root: sha256(new Uint8Array()) },
      logSigner,
      sha256,
    )
    expect(
      witness.addCheckpoint(formatAddCheckpoint({ old: 0, proof: [], checkpoint: strange })).status,
    ).toBe(404)
    const forger = createSigner('log#1', generateKey())
    const forged = signCheckpoint({ origin, size: 5, root: edgeRoot(five, sha256) }, forger, sha256)
    expect([400, 403]).toContain(
      witness.addCheckpoint(formatAddCheckpoint({ old: 0, proof: [], checkpoint: forged })).status,
    )
    expect(witness.addCheckpoint('old five\n\nnothing').status).toBe(400)
  })

  it('does not cosign any more when its memory is damaged', async () => {
    const dir = folder()
    witnessIn(dir).addCheckpoint(first)
    writeFileSync(join(dir, readdirSync(dir)[0]!), 'rubbish')
    const served = await serveWitness(witnessIn(dir), { host: '127.0.0.1', port: 0 })
    const answer = await fetch(`http://127.0.0.1:${served.port}/add-checkpoint`, {
      method: 'POST',
      body: second,
    })
    expect(answer.status).toBe(500)
    expect(await answer.text()).toContain('damaged')
    await served.close()
  })

  it('serves over HTTP and bounds what it reads', async () => {
    const served = await serveWitness(witnessIn(folder()), { host: '127.0.0.1', port: 0 })
    const url = `http://127.0.0.1:${served.port}/add-checkpoint`
    expect((await fetch(url, { method: 'POST', body: first })).status).toBe(200)
    expect((await fetch(url)).status).toBe(405)
    expect((await fetch(`http://127.0.0.1:${served.port}/`)).status).toBe(404)
    expect((await fetch(url, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(413)
    await served.close()
  })
})
