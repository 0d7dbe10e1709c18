import { accept, type Decoded, refuse } from '@hours/protocol'
import type { Sha256 } from './crypto.ts'
import type { LedgerCode } from './ledger-error.ts'
import { equalBytes, readDecimal } from './bytes.ts'
import { parseOrigin } from './checkpoint.ts'
import { noteType, parseVkey, type VKey } from './vkey.ts'

/** Whom a reader trusts (C2SP tlog-policy): the logs, and which witnesses together are enough. */
export interface Policy {
  readonly logs: readonly PolicyKey[]
  /** By the name that groups use. */
  readonly witnesses: ReadonlyMap<string, PolicyKey>
  readonly groups: ReadonlyMap<string, PolicyGroup>
  /** A witness, a group, or `none`. */
  readonly quorum: string
}

export interface PolicyKey {
  readonly key: VKey
  readonly url?: string
}

export interface PolicyGroup {
  /** So many members must have cosigned. */
  readonly k: number
  readonly members: readonly string[]
}

const maxLines = 2_000

/** Reads a policy file; the first fault is named with its line. */
export function parsePolicy(text: string, sha256: Sha256): Decoded<Policy, LedgerCode> {
  const draft: Draft = { logs: [], witnesses: new Map(), groups: new Map(), quorum: undefined }
  const used = new Set<string>()
  const lines = text.split('\n')
  if (lines.length > maxLines) return refuse('oversize', `a policy of ${lines.length} lines`)
  if (!isPrintable(text))
    return refuse('bad_policy', 'the policy has control characters other than tab and newline')
  for (const [i, line] of lines.entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== '')
    if (words.length === 0 || words[0]?.startsWith('#') === true) continue
    const fault = readLine(words, draft, used, sha256)
    if (fault !== undefined) return refuse('bad_policy', `policy line ${i + 1}: ${fault}`)
  }
  const { quorum } = draft
  if (quorum === undefined)
    return refuse('bad_policy', 'the policy has no quorum line; "quorum none" asks for none')
  return accept({ ...draft, quorum })
}

interface Draft {
  logs: PolicyKey[]
  witnesses: Map<string, PolicyKey>
  groups: Map<string, PolicyGroup>
  quorum: string | undefined
}

/** Reads one line into `draft`; returns what is wrong with it. */
function readLine(
  words: readonly string[],
  draft: Draft,
  used: Set<string>,
  sha256: Sha256,
): string | undefined {
  const [keyword, name = '', ...rest] = words
  if (keyword === 'log') return readLog([name, ...rest], draft, sha256)
  if (keyword === 'witness') return readWitness(name, rest, draft, sha256)
  if (keyword === 'group') return readGroup(name, rest, draft, used)
  if (keyword !== 'quorum') return `"${String(keyword).slice(0, 40)}" is none of log, witness, group, quorum`
  if (draft.quorum !== undefined) return 'a second quorum line'
  if (rest.length > 0 || (name !== 'none' && !isDefined(name, draft)))
    return `quorum "${name}" is not defined above`
  draft.quorum = name
  return undefined
}

function readLog(
  [vkey = '', url, ...more]: readonly string[],
  draft: Draft,
  sha256: Sha256,
): string | undefined {
  const key = parseVkey(vkey, sha256)
  if (!key.ok) return key.error.message
  if (key.value.type !== noteType.ed25519) return 'a log key must be of type 0x01 (Ed25519)'
  if (more.length > 0) return 'must be: log <vkey> [url]'
  const twin = draft.logs.find((log) => sameKey(log.key, key.value))
  if (twin && !isSibling(twin.key, key.value))
    return `this key stands twice, also for "${twin.key.name}"; one line is enough for all years of a log`
  draft.logs.push(withUrl(key.value, url))
  return undefined
}

function readWitness(
  name: string,
  [vkey = '', url, ...more]: readonly string[],
  draft: Draft,
  sha256: Sha256,
): string | undefined {
  const key = parseVkey(vkey, sha256)
  if (!key.ok) return key.error.message
  if (key.value.type !== noteType.cosignature) return 'a witness key must be of type 0x04 (cosignature/v1)'
  if (more.length > 0) return 'must be: witness <name> <vkey> [url]'
  if (!isFree(name, draft)) return `the name "${name}" is taken`
  if ([...draft.witnesses.values()].some((witness) => sameKey(witness.key, key.value)))
    return 'this witness key stands twice'
  draft.witnesses.set(name, withUrl(key.value, url))
  return undefined
}

function readGroup(
  name: string,
  [threshold = '', ...members]: readonly string[],
  draft: Draft,
  used: Set<string>,
): string | undefined {
  if (!isFree(name, draft)) return `the name "${name}" is taken`
  const unknown = members.find((member) => !isDefined(member, draft))
  if (unknown !== undefined) return `"${unknown}" is not defined above`
  const again = members.find((member, i) => used.has(member) || members.indexOf(member) !== i)
  if (again !== undefined) return `"${again}" is already a member of a group`
  const k = threshold === 'any' ? 1 : threshold === 'all' ? members.length : readDecimal(threshold)
  if (k === undefined || k < 1 || k > members.length)
    return `"${threshold}" must be any, all or 1 to ${members.length}`
  for (const member of members) used.add(member)
  draft.groups.set(name, { k, members })
  return undefined
}

const isPrintable = (text: string) => !/[^\P{Cc}\t\n\u0080-\u009f]/u.test(text)
const withUrl = (key: VKey, url: string | undefined): PolicyKey =>
  url === undefined ? { key } : { key, url }
const sameKey = (a: VKey, b: VKey) => equalBytes(a.publicKey, b.publicKey)
/** Two years of one log: C2SP forbids that too, but reports of the first release over a turn of the year have it. */
const isSibling = (a: VKey, b: VKey) =>
  a.name !== b.name && parseOrigin(a.name)?.log === (parseOrigin(b.name)?.log ?? '')
const isDefined = (name: string, draft: Draft) => draft.witnesses.has(name) || draft.groups.has(name)
const isFree = (name: string, draft: Draft) => name !== '' && name !== 'none' && !isDefined(name, draft)
