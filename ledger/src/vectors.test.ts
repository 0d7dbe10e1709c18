import { describe, expect, it } from 'vitest'
import { nodeCrypto, signerFromSeed } from '../node/index.ts'
import {
  addSignatures,
  cosign,
  createVkey,
  formatBase64,
  formatBase64url,
  formatEntryBundle,
  formatHex,
  formatNote,
  formatTilePath,
  formatTlogProof,
  formatVkey,
  leafHash,
  noteType,
  openWithPolicy,
  parseBase64,
  parseCheckpoint,
  parseEntryBundle,
  parseHex,
  parseNote,
  parsePolicy,
  parseRecord,
  parseTilePath,
  parseVkey,
  proveConsistency,
  proveInclusion,
  recordDigest,
  signCheckpoint,
  signRecord,
  tilesOfSize,
  treeRoot,
  utf8,
  verifyNote,
  verifyRecord,
  verifyTlogProof,
} from './index.ts'
import { readerOf } from './memory-tree.fixture.ts'

// Every vector of the project's evidence design, section 2. Tree: transparency-dev/merkle testonly/constants.go;
// notes: golang.org/x/mod/sumdb/note examples; proof: checked with torchwood 0.9.0; seeds: RFC 8032, section 7.1.
const { sha256 } = nodeCrypto
const bytesOf = (hex: string) => parseHex(hex)!
const leaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map(bytesOf)
const hashes = leaves.map((leaf) => leafHash(leaf, sha256))
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

describe('the RFC 6962 tree', () => {
  it.each(roots.map((root, size) => ({ root, size })))(
    'has the known root at size $size',
    ({ root, size }) => {
      expect(formatHex(treeRoot(hashes.slice(0, size), sha256))).toBe(root)
    },
  )
  it('has the known leaf hashes', () => {
    expect(hashes.map(formatHex)).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7',
      '07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      '4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658',
      'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
      '46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1',
    ])
    expect(formatBase64(leafHash(utf8('hello world'), sha256))).toBe(
      'TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=',
    )
  })
  it('gives the known proofs', () => {
    const read = readerOf(hashes, sha256)
    expect(proveInclusion(0, 8, read, sha256).map(formatBase64)).toEqual([
      'lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=',
      'Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=',
      'a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=',
    ])
    expect(proveConsistency(3, 7, read, sha256).map(formatBase64)).toEqual([
      'ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=',
      'B1Bqhf2d0vEg62lPhgEeW7RmLlxBWmKRcDPUqWJEh+c=',
      '+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=',
      'g327FS6bB5AQcX6E6GXaTrwPoZioBtWdMb8VrM7yLQ4=',
    ])
  })
})

describe('tiles', () => {
  it('writes the known bundle of leaves 0 to 4 and reads it back', () => {
    const bundle = formatEntryBundle(leaves.slice(0, 5))
    expect(formatHex(bundle)).toBe('00000001000001100002202100023031')
    expect(parseEntryBundle(bundle, 5)).toEqual({ ok: true, value: leaves.slice(0, 5) })
  })
  it('lays a tree of 70,000 leaves out in 277 hash tiles', () => {
    const tiles = tilesOfSize(70_000)
    const paths = tiles.map(formatTilePath)
    expect(paths).toHaveLength(277)
    expect(paths.slice(273)).toEqual(['tile/0/273.p/112', 'tile/1/000', 'tile/1/001.p/17', 'tile/2/000.p/1'])
    expect(paths[272]).toBe('tile/0/272')
    expect(paths.map(parseTilePath)).toEqual(tiles.map((value) => ({ ok: true, value })))
  })
  it('writes tile numbers in groups of three digits', () => {
    expect(formatTilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067')
    expect(formatTilePath({ level: 'entries', index: 0, width: 3 })).toBe('tile/entries/000.p/3')
  })
})

describe('the notes of golang.org/x/mod', () => {
  const notes = [
    {
      vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      note:
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
        '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
    },
    {
      vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
      note:
        'This is an example message.\n\n' +
        '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
    },
  ]
  it.each(notes)('hold under $vkey', ({ vkey, note }) => {
    const key = parseVkey(vkey, sha256)
    const parsed = parseNote(note)
    if (!key.ok || !parsed.ok) throw new Error('the vector does not parse')
    expect(formatVkey(key.value)).toBe(vkey)
    expect(formatNote(parsed.value)).toBe(note)
    expect(verifyNote(parsed.value, [key.value], nodeCrypto)).toEqual({
      ok: true,
      value: [{ key: key.value }],
    })
    const changed = { ...parsed.value, text: parsed.value.text.replace('i', 'j') }
    expect(verifyNote(changed, [key.value], nodeCrypto)).toMatchObject({ error: { code: 'bad_signature' } })
  })
  it("are what PeterNeumann's own private key signs", () => {
    const seed = parseBase64('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz')!.subarray(1)
    const signer = signerFromSeed(seed, 'x#0')
    const key = createVkey('PeterNeumann', noteType.ed25519, signer.publicKey, sha256)
    expect(formatVkey(key)).toBe(notes[0]!.vkey)
  })
})

describe("the project's own end-to-end vector", () => {
  const log = signerFromSeed(
    bytesOf('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
    'log#0',
  )
  const witness = signerFromSeed(
    bytesOf('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'),
    'witness#0',
  )
  const gateway = signerFromSeed(
    bytesOf('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7'),
    'gw-1#1',
  )
  const policyText = [
    'log example.org/hours-log+90b5805d+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea',
    'witness w example.net/witness+551f0fcc+BD1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM',
    'quorum w',
    '',
  ].join('\n')
  const proofText = `c2sp.org/tlog-proof@v1
index 5
vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=
sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=
037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=

example.org/hours-log
7
3bib5AOAnjJXUNPSY814kpwpQreUKjS3fhIslZSnTIw=

— example.org/hours-log kLWAXdosiOY7XaxdS+d7mCzKt8GV/IfOB2tIFONFqePnhfK988rTtdT5eHq3uF07ORSxoNM8T50CI7P4PXCNSr2ZOAU=
— example.net/witness VR8PzAAAAABkGFDL9JWcib35E1eFI98Z7m9vtkaa5LDOEQJ/diWas0hbbgM0irTG8iyxJoYvzdE1oB8xdHZjw4gPiATGVKNB4MG5Dw==
`
  const policy = parsePolicy(policyText, sha256)
  if (!policy.ok) throw new Error(policy.error.message)

  it('is made byte for byte', () => {
    const first = hashes.slice(0, 7)
    const checkpoint = { origin: 'example.org/hours-log', size: 7, root: treeRoot(first, sha256) }
    const signed = signCheckpoint(checkpoint, log, sha256)
    const text = signed.slice(0, signed.indexOf('\n\n') + 1)
    expect(parseCheckpoint(text)).toEqual({ ok: true, value: checkpoint })
    const line = cosign(
      text,
      { name: 'example.net/witness', signer: witness, seconds: 1_679_315_147 },
      sha256,
    )
    const proof = proveInclusion(5, 7, readerOf(first, sha256), sha256)
    expect(formatTlogProof({ index: 5, hashes: proof, checkpoint: addSignatures(signed, [line]) })).toBe(
      proofText,
    )
  })
  it('is accepted under the quorum of its witness, at the time of the cosignature', () => {
    const verified = verifyTlogProof(proofText, leaves[5]!, policy.value, nodeCrypto)
    expect(verified).toMatchObject({
      ok: true,
      value: { index: 5, trusted: { witnesses: [{ name: 'w', time: 1_679_315_147 }] } },
    })
  })
  it('is refused for another leaf, and without its cosignature', () => {
    expect(verifyTlogProof(proofText, leaves[4]!, policy.value, nodeCrypto)).toMatchObject({
      error: { code: 'not_included' },
    })
    const alone = proofText.slice(proofText.indexOf('\n\n') + 2, proofText.lastIndexOf('— '))
    expect(openWithPolicy(alone, policy.value, nodeCrypto)).toMatchObject({ error: { code: 'no_quorum' } })
  })
  it('signs the known page record', () => {
    const page = signRecord({ kind: 'page', payload: '{"v":1,"gateway":"gw-1","seq":0}', signer: gateway })
    expect(formatBase64url(gateway.publicKey)).toBe('_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU')
    expect(new TextDecoder().decode(page)).toBe(
      'eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiZ3ctMSMxIiwidHlwIjoiaG91cnMtcGFnZStqd3MifQ.' +
        'eyJ2IjoxLCJnYXRld2F5IjoiZ3ctMSIsInNlcSI6MH0.' +
        'SqziSztDrsLEgLR7vuWnl9jkXVxx1xOmB1GsWK4HtHqU36oNBHd0ZRcV0AiGalrkU1qNVcy3rhdcWyH-UKMXCA',
    )
    expect(formatHex(leafHash(page, sha256))).toBe(
      'be017e561df9c2ddcd465a3a3fcec5ee0c2ab1b4b93fc9fe68d56887b6fb36ff',
    )
    expect(recordDigest(page, sha256)).toBe('1YD1CedbgG4qwc2Ve2ZJP4PQ-ZMEJi8IDoGu5bHlOqY')
    const record = parseRecord(page)
    if (!record.ok) throw new Error(record.error.message)
    expect(record.value).toMatchObject({ kid: 'gw-1#1', holder: 'gw-1', n: 1, kind: 'page' })
    expect(verifyRecord(record.value, gateway, nodeCrypto)).toBe(true)
    expect(verifyRecord(record.value, witness, nodeCrypto)).toBe(false)
  })
})
