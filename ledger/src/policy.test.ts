import { describe, expect, it } from 'vitest'
import { createSigner, generateKey, nodeCrypto } from '../node/index.ts'
import { addSignatures, cosign, signCheckpoint } from './checkpoint.ts'
import { parsePolicy } from './policy.ts'
import { isOneOperatorQuorum, isQuorum, looksLikeOperators, openWithPolicy } from './quorum.ts'
import { createVkey, formatVkey, noteType } from './vkey.ts'

const { sha256 } = nodeCrypto
const log = createSigner('log#0', generateKey())
const witnesses = new Map(
  ['a', 'b', 'c', 'd'].map((name) => [name, createSigner(`${name}#0`, generateKey())] as const),
)
const origin = 'hours.example/2026'
const vkeyOf = (name: string, host = `${name}.example`) =>
  formatVkey(createVkey(host, noteType.cosignature, witnesses.get(name)!.publicKey, sha256))
const vkeyOfLog = (name: string) => formatVkey(createVkey(name, noteType.ed25519, log.publicKey, sha256))
const logLine = `log ${vkeyOfLog(origin)} https://hours.example/log`
const witnessLines = [...witnesses.keys()].map((name) => `witness ${name} ${vkeyOf(name)}`)
const policyOf = (...lines: readonly string[]) => {
  const policy = parsePolicy([logLine, ...witnessLines, ...lines, ''].join('\n'), sha256)
  if (!policy.ok) throw new Error(policy.error.message)
  return policy.value
}
const met = (policy: ReturnType<typeof policyOf>, names: string) => isQuorum(policy, new Set(names))

describe('a quorum', () => {
  it('is a witness, a group of any, all or k, or groups of groups', () => {
    const two = ['group ab 2 a b c', 'group x any d', 'group all all ab x', 'quorum all']
    const policy = policyOf(...two)
    expect(['', 'ab', 'abc', 'ad', 'abd', 'bcd', 'd'].filter((names) => met(policy, names))).toEqual([
      'abd',
      'bcd',
    ])
    expect(met(policyOf('quorum a'), 'a')).toBe(true)
    expect(met(policyOf('quorum a'), 'bcd')).toBe(false)
    expect(met(policyOf('quorum none'), '')).toBe(true)
  })
  it('of one operator is known: by keys, by hosts, or as none', () => {
    const own = looksLikeOperators(policyOf('quorum none').logs.map(({ key }) => key))
    expect(isOneOperatorQuorum(policyOf('quorum none'), own)).toBe(true)
    expect(isOneOperatorQuorum(policyOf('group g all a b', 'quorum g'), own)).toBe(false)
    expect(
      isOneOperatorQuorum(policyOf('group g any a b', 'quorum g'), ({ name }) => name === 'a.example'),
    ).toBe(true)
    expect(
      isOneOperatorQuorum(policyOf('group g 2 a b', 'quorum g'), ({ name }) => name === 'a.example'),
    ).toBe(false)
    const house = parsePolicy(
      `${logLine}\nwitness a ${vkeyOf('a', 'witness.hours.example')}\nquorum a\n`,
      sha256,
    )
    if (!house.ok) throw new Error(house.error.message)
    expect(isOneOperatorQuorum(house.value, own)).toBe(true)
  })
  it.each([
    ['no quorum', []],
    ['two quorums', ['quorum a', 'quorum b']],
    ['an undefined quorum', ['quorum z']],
    ['a group with too high a threshold', ['group g 3 a b', 'quorum g']],
    ['a group of none', ['group g all', 'quorum g']],
    ['a threshold of zero', ['group g 0 a', 'quorum g']],
    ['a member of two groups', ['group g any a', 'group h any a', 'quorum g']],
    ['a member twice', ['group g 2 a a', 'quorum g']],
    ['a group of itself', ['group g any g', 'quorum g']],
    ['none as a member', ['group g any none', 'quorum g']],
    ['a name twice', ['group a any b', 'quorum a']],
    ['a key twice', [`witness z ${vkeyOf('a')}`, 'quorum a']],
    ['a log as witness', [logLine.replace('log', 'witness z'), 'quorum a']],
    ['the log twice', [logLine, 'quorum a']],
    ['its key under the name of another log', [`log ${vkeyOfLog('other.example/2026')}`, 'quorum a']],
    ['an unknown word', ['trust a', 'quorum a']],
    ['a control character', ['# \u0007', 'quorum a']],
  ])('is not read with %s', (_, lines) => {
    expect(() => policyOf(...lines)).toThrow()
  })
  it('is read with comments, tabs and blank lines', () => {
    expect(policyOf('', '  # remark', '\tquorum\t a  ').quorum).toBe('a')
  })
  it('is read with two years of one log under one key, as reports over a turn of the year used to have it', () => {
    expect(policyOf(`log ${vkeyOfLog('hours.example/2027')}`, 'quorum a').logs).toHaveLength(2)
  })
})

describe('a checkpoint under a policy', () => {
  const policy = policyOf('group g 2 a b c', 'quorum g')
  const signed = signCheckpoint({ origin, size: 3, root: new Uint8Array(32) }, log, sha256)
  const text = signed.slice(0, signed.indexOf('\n\n') + 1)
  const line = (name: string, seconds = 1_767_225_600) =>
    cosign(text, { name: `${name}.example`, signer: witnesses.get(name)!, seconds }, sha256)
  it('needs the cosignatures of the quorum', () => {
    expect(openWithPolicy(addSignatures(signed, [line('a'), line('d')]), policy, nodeCrypto)).toMatchObject({
      error: { code: 'no_quorum', message: 'quorum "g" is not met; cosigned: a, d' },
    })
    const opened = openWithPolicy(
      addSignatures(signed, [line('a'), line('c', 1_767_225_601)]),
      policy,
      nodeCrypto,
    )
    expect(opened).toMatchObject({
      ok: true,
      value: {
        witnesses: [
          { name: 'a', time: 1_767_225_600 },
          { name: 'c', time: 1_767_225_601 },
        ],
      },
    })
  })
  it('does not count an unknown witness, and is spoilt by a false signature of a known one', () => {
    const stranger = createSigner('z#0', generateKey())
    const unknown = cosign(text, { name: 'z.example', signer: stranger, seconds: 1 }, sha256)
    expect(openWithPolicy(addSignatures(signed, [line('a'), unknown]), policy, nodeCrypto)).toMatchObject({
      error: { code: 'no_quorum' },
    })
    const forged = { ...line('b'), signature: line('c').signature }
    expect(
      openWithPolicy(addSignatures(signed, [line('a'), line('c'), forged]), policy, nodeCrypto),
    ).toMatchObject({
      error: { code: 'bad_signature' },
    })
  })
  it('does not repeat a line', () => {
    const once = addSignatures(signed, [line('a')])
    expect(addSignatures(once, [line('a'), line('b'), line('b')]).split('\n— ')).toHaveLength(4)
  })
})
