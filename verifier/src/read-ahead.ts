import {
  type Crypto,
  equalBytes,
  type KeyAlg,
  type KeyRegistry,
  parseRecord,
  type Position,
} from '@hours/ledger'
import { nodeCrypto, verifyInPool } from '@hours/ledger/node'
import type { TakenEntry } from './facts.ts'

/**
 * So many entries are taken apart, and their signatures begun to be checked, before the ones before them are judged. In
 * bursts, because a thread that sleeps between two signatures costs more to wake than it saves.
 */
const burst = 128

interface LogEntry {
  readonly bytes: Uint8Array
  readonly position: Position
}

/** Takes entries apart and has their signatures checked on other cores while earlier ones are judged. */
export interface ReadAhead {
  /** Knows the outcome of signatures checked ahead; checks all others itself, so that judging stays what it was. */
  readonly crypto: Crypto
  /** The entries in their order, each taken apart, its signature checked if its key was known in time. */
  read<E extends LogEntry>(
    entries: Iterable<E> | AsyncIterable<E>,
    keys: KeyRegistry,
  ): AsyncGenerator<{ readonly entry: E; readonly record: TakenEntry }, void, undefined>
}

interface Outcome {
  readonly alg: KeyAlg
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly isGood: boolean
}

/**
 * A signature takes as long as all else that is done to a page. An outcome holds for one signature over one message by
 * one key: a key that changes between looking ahead and judging is asked again, never taken for granted.
 */
export function createReadAhead(): ReadAhead {
  const outcomes = new WeakMap<Uint8Array, Outcome>()

  async function check(record: TakenEntry, keys: KeyRegistry, at: Position): Promise<void> {
    if (!record.ok) return
    const { kid, signed, signature } = record.value
    const key = keys.find(kid, at)
    if (!key.ok) return
    const { alg, publicKey } = key.value
    const isGood = await verifyInPool(alg, publicKey, signed, signature)
    outcomes.set(signature, { alg, publicKey, message: signed, isGood })
  }

  return {
    crypto: {
      sha256: nodeCrypto.sha256,
      verify(alg, publicKey, message, signature) {
        const known = outcomes.get(signature)
        return known?.message === message && known.alg === alg && equalBytes(known.publicKey, publicKey)
          ? known.isGood
          : nodeCrypto.verify(alg, publicKey, message, signature)
      },
    },
    async *read<E extends LogEntry>(entries: Iterable<E> | AsyncIterable<E>, keys: KeyRegistry) {
      let ready: Ahead<E>[] = []
      let next: { readonly entry: E; readonly record: TakenEntry }[] = []
      const begin = () =>
        next.map((one) => ({ ...one, checked: check(one.record, keys, one.entry.position) }))
      for await (const entry of entries) {
        next.push({ entry, record: parseRecord(entry.bytes) })
        if (next.length < burst) continue
        const begun = begin()
        next = []
        yield* settled(ready)
        ready = begun
      }
      yield* settled(ready)
      yield* settled(begin())
    },
  }
}

interface Ahead<E> {
  readonly entry: E
  readonly record: TakenEntry
  readonly checked: Promise<void>
}

async function* settled<A extends { readonly checked: Promise<void> }>(list: readonly A[]) {
  for (const one of list) {
    await one.checked
    yield one
  }
}
