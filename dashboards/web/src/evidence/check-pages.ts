import {
  type Checkpoint,
  leafInput,
  parseBase64,
  parseBase64url,
  parseRecord,
  utf8,
  verifyInclusionAsync,
} from '@hours/ledger'
import { type DayEvidence, decodePage } from '@hours/protocol'
import { type Check, check, type ReadPage, tally } from './check.ts'
import { sha256, verifySignature } from './web-crypto.ts'

export type Progress = (done: number, all: number) => void

export const nameOf = ({ gateway, seq }: { gateway: string; seq: number }) => `${gateway} #${seq}`

/** Key, signature, place in the log and identity of each page; and the pages that could be read. */
export async function checkPages(
  evidence: DayEvidence,
  checkpoint: Checkpoint | undefined,
  progress: Progress,
): Promise<{ checks: Check[]; read: ReadPage[] }> {
  const keys = new Map(evidence.keys.map((key) => [key.kid, key]))
  const failed = {
    keys: [] as string[],
    signatures: [] as string[],
    inclusion: [] as string[],
    identity: [] as string[],
  }
  const used = new Set<string>()
  const read: ReadPage[] = []
  for (const [n, listed] of evidence.pages.entries()) {
    const name = nameOf(listed)
    const bytes = utf8(listed.jws)
    const record = parseRecord(bytes)
    if (!record.ok) {
      failed.signatures.push(`${name}: ${record.error.message}`)
      continue
    }
    const { kid, alg, signed, signature, payload, kind, holder } = record.value
    const key = keys.get(kid)
    const raw = key && parseBase64url(key.public)
    if (key && raw && key.alg === alg) used.add(`${kid} ${alg} ${key.public}`)
    else failed.keys.push(`${name}: ${kid}`)
    if (!raw || !(await verifySignature(alg, raw, signed, signature))) failed.signatures.push(name)
    if (!(await isIncluded(listed, bytes, checkpoint)))
      failed.inclusion.push(`${name}: index ${listed.index}`)
    const page = decodePage(payload)
    const same =
      page.ok &&
      kind === 'page' &&
      page.value.gateway === listed.gateway &&
      page.value.seq === listed.seq &&
      holder === listed.gateway
    if (!same)
      failed.identity.push(page.ok ? `${name} ≠ ${nameOf(page.value)}` : `${name}: ${page.error.message}`)
    if (page.ok) read.push({ listed, bytes, page: page.value })
    if (n % 16 === 15) progress(n + 1, evidence.pages.length)
  }
  progress(evidence.pages.length, evidence.pages.length)
  const all = evidence.pages.length
  const one = (id: 'keys' | 'signatures' | 'inclusion' | 'identity', extra: readonly string[] = []) =>
    check(id, failed[id].length === 0, [...tally(all - failed[id].length, all, failed[id]), ...extra])
  const place = checkpoint ? [`${checkpoint.origin}, size ${checkpoint.size}`] : []
  return {
    checks: [one('keys', [...used]), one('signatures'), one('inclusion', place), one('identity')],
    read,
  }
}

/** Whether leaf and proof lead to the root that the log signed (RFC 9162, section 2.1.3.2). */
async function isIncluded(
  listed: DayEvidence['pages'][number],
  bytes: Uint8Array,
  checkpoint: Checkpoint | undefined,
): Promise<boolean> {
  const proof = listed.proof.map(parseBase64)
  if (!checkpoint || proof.some((hash) => hash === undefined)) return false
  const leafHash = await sha256(leafInput(bytes))
  const { size, root } = checkpoint
  return verifyInclusionAsync(
    { index: listed.index, size, leafHash, root, proof: proof.filter((hash) => hash !== undefined) },
    sha256,
  )
}
