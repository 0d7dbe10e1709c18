import { accept, type Decoded, type RecordOf, refuse } from '@hours/protocol'
import { equalBytes } from './bytes.ts'
import { parseBase64url } from './codecs.ts'
import type { KeyAlg } from './crypto.ts'
import type { LedgerCode } from './ledger-error.ts'
import { comparePositions, type Position } from './position.ts'

/** A public key that the log has admitted. */
export interface EnrolledKey {
  readonly kid: string
  readonly holder: string
  readonly n: number
  readonly alg: KeyAlg
  readonly publicKey: Uint8Array
  /** Good for records from here on. */
  readonly since: Position
  /** Not good for records from here on. */
  readonly revokedAt?: Position
}

/** Keys by log position: what counts is when a record was logged, never what time it states (R1). */
export interface KeyRegistry {
  /** The key that may sign the record at `at`. */
  find(kid: string, at: Position): Decoded<EnrolledKey, 'unknown_key' | 'revoked_key'>
  /** Takes in a verified `key` record: enrols its key, or, with `revoked`, ends it. */
  apply(record: KeyStatement & { readonly revoked?: number | undefined }, at: Position): Applied
  /** Takes in a verified `opening`: its keys must be new or as they were. */
  open(opening: Pick<RecordOf<'opening'>, 'keys'>, at: Position): Applied
  keys(): readonly EnrolledKey[]
}

type KeyStatement = Pick<RecordOf<'key'>, 'holder' | 'n' | 'alg' | 'public'>
type Applied = Decoded<readonly EnrolledKey[], LedgerCode>

export function createKeyRegistry(): KeyRegistry {
  const byKid = new Map<string, EnrolledKey>()

  function enrol(statement: KeyStatement, at: Position): Decoded<EnrolledKey, LedgerCode> {
    const { holder, n, alg } = statement
    const kid = `${holder}#${n}`
    const publicKey = parseBase64url(statement.public)
    const length = alg === 'Ed25519' ? 32 : 65
    if (publicKey?.length !== length)
      return refuse('bad_key', `key ${kid}: public must be base64url of ${length} bytes for ${alg}`)
    const known = byKid.get(kid)
    if (!known) return store({ kid, holder, n, alg, publicKey, since: at })
    if (known.alg !== alg || !equalBytes(known.publicKey, publicKey))
      return refuse('key_conflict', `${kid} has another key already; a new key needs a new number`)
    if (known.revokedAt) return refuse('revoked_key', `${kid} was revoked and cannot come back`)
    return accept(known)
  }

  function store(key: EnrolledKey): Decoded<EnrolledKey, never> {
    byKid.set(key.kid, key)
    return accept(key)
  }

  return {
    find(kid, at) {
      const key = byKid.get(kid)
      if (!key || comparePositions(at, key.since) < 0)
        return refuse('unknown_key', `no key ${kid.slice(0, 60)} was enrolled at ${at.year}/${at.index}`)
      if (key.revokedAt && comparePositions(at, key.revokedAt) >= 0)
        return refuse('revoked_key', `${kid} was revoked at ${key.revokedAt.year}/${key.revokedAt.index}`)
      return accept(key)
    },
    apply(record, at) {
      const key = enrol(record, at)
      if (!key.ok) return key
      if (record.revoked === undefined) return accept([key.value])
      const revoked = store({ ...key.value, revokedAt: at })
      return revoked.ok ? accept([revoked.value]) : revoked
    },
    open(opening, at) {
      const keys: EnrolledKey[] = []
      for (const statement of opening.keys) {
        const key = enrol(statement, at)
        if (!key.ok) return key
        keys.push(key.value)
      }
      return accept(keys)
    },
    keys: () => [...byKid.values()],
  }
}
