import { createVkey, logKey, noteType, parsePolicy } from '@hours/ledger'
import { createSigner, generateKey, nodeCrypto } from '@hours/ledger/node'
import { expect, it } from 'vitest'
import { policyText } from './policy-text.ts'

const { sha256 } = nodeCrypto
const log = createSigner('log#1', generateKey())
const vkey = (origin: string) => createVkey(origin, noteType.ed25519, log.publicKey, sha256)
const site = '# ours\nlog stale\nwitness w never-read\nquorum none\n'

it('names a key once, under the newest year that is shown, which stands for all years of the log', () => {
  const text = policyText(['hours.example/2026', 'hours.example/2027'], log.publicKey, 'quorum none\n')
  const read = parsePolicy(text, sha256)
  if (!read.ok) throw new Error(read.error.message)
  const keys = read.value.logs.map(({ key }) => key)
  expect(keys).toEqual([vkey('hours.example/2027')])
  expect(logKey('hours.example/2026', keys, sha256)).toEqual(vkey('hours.example/2026'))
})

it("keeps the site's own words but its log lines", () => {
  const lines = policyText(['hours.example/2026'], log.publicKey, site).split('\n')
  expect(lines.filter((line) => line.startsWith('log '))).toHaveLength(1)
  expect(lines).toEqual(expect.arrayContaining(['# ours', 'witness w never-read', 'quorum none']))
  expect(policyText(['hours.example/2026'], log.publicKey, undefined)).toMatch(/^log \S+\nquorum none\n$/)
})
