import { describe, expect, it } from 'vitest'
import { createSigner, generateKey, nodeCrypto } from '../node/index.ts'
import { utf8 } from './bytes.ts'
import { addSignatures, type Checkpoint, cosign, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import { readerOf } from './memory-tree.fixture.ts'
import { parseNote, verifyNote } from './note.ts'
import { proveConsistency } from './proof.ts'
import { leafHash, treeRoot } from './tree.ts'
import { createVkey, noteType, parseVkey } from './vkey.ts'
import {
  formatAddCheckpoint,
  formatCosignatures,
  formatTlogSize,
  judgeAddCheckpoint,
  parseAddCheckpoint,
  parseCosignatures,
  parseTlogSize,
} from './witness.ts'

const { sha256 } = nodeCrypto
const log = createSigner('log#0', generateKey())
const origin = 'hours.example/2026'
const keys = [createVkey(origin, noteType.ed25519, log.publicKey, sha256)]
const hashesOf = (fork: string) => Array.from({ length: 9 }, (_, i) => leafHash(utf8(`${fork}${i}`), sha256))
const cpOf = (size: number, fork = ''): Checkpoint => ({
  origin,
  size,
  root: treeRoot(hashesOf(fork).slice(0, size), sha256),
})

function ask(
  old: number,
  size: number,
  more: { last?: Checkpoint; fork?: string; signer?: typeof log; logs?: typeof keys } = {},
) {
  const { last, fork = '', signer = log, logs = keys } = more
  const proof = old > size ? [] : proveConsistency(old, size, readerOf(hashesOf(fork), sha256), sha256)
  const body = formatAddCheckpoint({
    old,
    proof,
    checkpoint: signCheckpoint(cpOf(size, fork), signer, sha256),
  })
  const request = parseAddCheckpoint(body)
  if (!request.ok) throw new Error(request.error.message)
  return judgeAddCheckpoint(request.value, (of) => (of === origin ? last : undefined), logs, nodeCrypto)
}

describe('a witness', () => {
  it('takes the first checkpoint, then only what continues it', () => {
    expect(ask(0, 3)).toMatchObject({ status: 200, checkpoint: cpOf(3) })
    expect(ask(3, 7, { last: cpOf(3) })).toMatchObject({ status: 200, checkpoint: cpOf(7) })
    expect(ask(7, 7, { last: cpOf(7) })).toMatchObject({ status: 200 })
  })
  it('answers by the book when something is wrong', () => {
    expect(ask(5, 3)).toMatchObject({ status: 400 })
    expect(ask(0, 3, { signer: createSigner('x#0', generateKey()) })).toMatchObject({ status: 403 })
    expect(ask(0, 3, { logs: [] })).toMatchObject({ status: 404 })
    expect(ask(0, 7, { last: cpOf(3) })).toEqual({ status: 409, size: 3 })
    expect(ask(3, 7)).toEqual({ status: 409, size: 0 })
  })
  it('never cosigns a fork', () => {
    expect(ask(3, 7, { last: cpOf(3), fork: 'fork' })).toMatchObject({ status: 422 })
    expect(ask(7, 7, { last: cpOf(7), fork: 'fork' })).toEqual({ status: 409, size: 7 })
  })
  it('refuses a proof from size 0 and a broken request', () => {
    const checkpoint = signCheckpoint(cpOf(3), log, sha256)
    const request = { old: 0, proof: [cpOf(3).root], checkpoint }
    expect(judgeAddCheckpoint(request, () => undefined, keys, nodeCrypto)).toMatchObject({ status: 422 })
    expect(
      judgeAddCheckpoint({ ...request, checkpoint: 'x' }, () => undefined, keys, nodeCrypto),
    ).toMatchObject({ status: 400 })
    for (const body of [
      '',
      'old 1\n',
      'old 01\n\nx',
      `old 1\nAAAA\n\n${checkpoint}`,
      `old -1\n\n${checkpoint}`,
    ])
      expect(parseAddCheckpoint(body)).toMatchObject({ ok: false, error: { code: 'bad_witness_request' } })
  })
  it('answers with lines that the log adds to its note', () => {
    const signed = signCheckpoint(cpOf(3), log, sha256)
    const text = signed.slice(0, signed.indexOf('\n\n') + 1)
    const signer = createSigner('w#0', generateKey())
    const line = cosign(text, { name: 'w.example', signer, seconds: 1_767_225_600 }, sha256)
    const answer = parseCosignatures(formatCosignatures([line]))
    if (!answer.ok) throw new Error(answer.error.message)
    const note = parseNote(addSignatures(signed, answer.value))
    if (!note.ok) throw new Error(note.error.message)
    const key = createVkey('w.example', noteType.cosignature, signer.publicKey, sha256)
    expect(verifyNote(note.value, [key], nodeCrypto)).toEqual({
      ok: true,
      value: [{ key, time: 1_767_225_600 }],
    })
    expect(parseTlogSize(formatTlogSize(17))).toEqual({ ok: true, value: 17 })
    for (const body of ['17', '017\n', '-1\n', '17\n\n']) expect(parseTlogSize(body).ok).toBe(false)
    for (const body of ['', '\n', 'x\n']) expect(parseCosignatures(body).ok).toBe(false)
  })
})

describe('notes and checkpoints', () => {
  const signature = signCheckpoint(cpOf(3), log, sha256).split('\n\n')[1] ?? ''
  it('accept 16 signatures and refuse more than 100', () => {
    expect(parseNote(`text\n\n${signature.repeat(16)}`)).toMatchObject({ ok: true })
    expect(parseNote(`text\n\n${signature.repeat(100)}`)).toMatchObject({ ok: true })
    expect(parseNote(`text\n\n${signature.repeat(101)}`)).toMatchObject({ error: { code: 'oversize' } })
  })
  it('are split at the last empty line', () => {
    const note = parseNote(`a\n\nb\n\n${signature}`)
    expect(note).toMatchObject({ ok: true, value: { text: 'a\n\nb\n' } })
  })
  it.each([
    ['a tab', `te\txt\n\n${signature}`],
    ['a carriage return', `text\r\n\n${signature}`],
    ['no signature', 'text\n\n'],
    ['no end', `text\n\n${signature.trim()}`],
    ['a hyphen for a dash', `text\n\n${signature.replace('—', '-')}`],
    ['a lone surrogate', `text\ud800\n\n${signature}`],
    ['a plus in the name', `text\n\n${signature.replace('hours', 'ho+urs')}`],
  ])('are refused with %s', (_, note) => {
    expect(parseNote(note)).toMatchObject({ ok: false, error: { code: 'bad_note' } })
  })
  it.each([
    'o\n3\n',
    'o\n03\nAAAA\n',
    '\n3\nAAAA\n',
    'o\n3\nAAAA\n',
    `o\n3\n${'A'.repeat(43)}=\nextension\n`,
    `o\n3\n${'A'.repeat(43)}=`,
    `o\n-3\n${'A'.repeat(43)}=\n`,
    `o\n99999999999999999999\n${'A'.repeat(43)}=\n`,
  ])('are refused as checkpoints: %j', (text) => {
    expect(parseCheckpoint(text)).toMatchObject({ ok: false, error: { code: 'bad_checkpoint' } })
  })
  it.each([
    'PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    '+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeumann+c74f20a3',
    'PeterNeumann+c74f20a3+AQ==',
    'PeterNeumann+c74f20a3+',
  ])('are not verified under the vkey %s', (text) => {
    expect(parseVkey(text, sha256)).toMatchObject({ ok: false, error: { code: 'bad_vkey' } })
  })
})
