import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type Crypto, type KeyRegistry, parseEnvelope, parseRecord, type Position } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import type { TakenEntry } from './facts.ts'
import {
  isSameTask,
  signatureSlots,
  type SignatureSlot,
  type SignatureTask,
  taskState,
  tasksPerSlot,
} from './signature-slots.ts'

interface LogEntry {
  readonly bytes: Uint8Array
  readonly position: Position
}

/** An entry taken apart. */
export interface Taken<E> {
  readonly entry: E
  readonly record: TakenEntry
}

/** Has the signatures of entries checked on another core while the entries before them are judged. */
export interface LookAhead {
  /** Knows the outcome of signatures checked ahead and checks all others itself, so that judging stays what it was. */
  readonly crypto: Crypto
  /** Takes entries in and gives those back, in their order, whose turn has come. */
  read<E extends LogEntry>(entries: Iterable<E>): Generator<Taken<E>, void, undefined>
  /** Those that are left. */
  rest<E extends LogEntry>(): Generator<Taken<E>, void, undefined>
  close(): void
}

/** Fewer entries are checked before another thread has begun. */
const worthThread = 2_000
/** A task that another thread took and has not done by then never will be. */
const patienceMs = 5_000

/** Two of them are always in memory, so of an entry only its bytes wait: what is in it is read when its turn comes. */
interface Burst {
  readonly entries: LogEntry[]
  readonly slot: SignatureSlot
}

/**
 * A signature takes longer than all else that is done to a page. Each burst is handed over before the one ahead of it
 * is judged; what the other thread has not begun when its turn comes is checked here, so that no core waits for another.
 * An outcome holds for one signature over one message by one key: a key that changes between looking ahead and judging
 * is asked again, never taken for granted.
 */
export function createLookAhead(
  keys: () => Pick<KeyRegistry, 'find'>,
  total: number,
  crypto: Crypto = nodeCrypto,
): LookAhead {
  return total < worthThread ? takenAsTheyCome(crypto) : takenAhead(keys, crypto)
}

const takenAsTheyCome = (crypto: Crypto): LookAhead => ({
  crypto,
  *read(entries) {
    for (const entry of entries) yield { entry, record: parseRecord(entry.bytes) }
  },
  *rest() {
    // Nothing was held back.
  },
  close: () => undefined,
})

function takenAhead(keys: () => Pick<KeyRegistry, 'find'>, crypto: Crypto): LookAhead {
  const slots = signatureSlots()
  let workers = startWorkers(slots.memory)
  let bursts = 0
  let filling = begin()
  let handed: Burst | undefined
  let judging: { readonly task: SignatureTask; readonly isGood: boolean } | undefined

  function begin(): Burst {
    const slot = slots.slot(bursts)
    slot.clear()
    return { entries: [], slot }
  }

  function put(entry: LogEntry): void {
    const i = filling.entries.push(entry) - 1
    const task = workers.length > 0 ? taskOf(entry) : undefined
    if (task) filling.slot.put(i, task)
  }

  function taskOf({ bytes, position }: LogEntry): SignatureTask | undefined {
    const envelope = parseEnvelope(bytes)
    const key = envelope.ok ? keys().find(envelope.value.kid, position) : envelope
    if (!envelope.ok || !key.ok) return undefined
    const { signed, signature } = envelope.value
    const { alg, publicKey } = key.value
    return { alg, publicKey, message: signed, signature }
  }

  function handOver(): Burst | undefined {
    const before = handed
    handed = filling
    handed.slot.offer()
    bursts += 1
    Atomics.store(slots.handedOver, 0, bursts)
    Atomics.notify(slots.handedOver, 0)
    return before
  }

  /** A thread that may still write an outcome into a slot must never meet another task there. */
  function abandon(): void {
    for (const worker of workers) void worker.terminate()
    workers = []
  }

  function* judge(burst: Burst): Generator<Taken<LogEntry>, void, undefined> {
    const outcomes = settle(burst.slot.states)
    if (outcomes.includes(taskState.taken)) abandon()
    for (const [i, entry] of burst.entries.entries()) {
      const state = outcomes[i]
      judging =
        state === taskState.good || state === taskState.bad
          ? { task: burst.slot.get(i), isGood: state === taskState.good }
          : undefined
      yield { entry, record: parseRecord(entry.bytes) }
    }
    judging = undefined
  }

  return {
    crypto: {
      sha256: crypto.sha256,
      verify(alg, publicKey, message, signature) {
        const asked = { alg, publicKey, message, signature }
        return judging && isSameTask(judging.task, asked)
          ? judging.isGood
          : crypto.verify(alg, publicKey, message, signature)
      },
    },
    *read<E extends LogEntry>(entries: Iterable<E>) {
      for (const entry of entries) {
        put(entry)
        if (filling.entries.length < tasksPerSlot) continue
        const before = handOver()
        // The slot of the burst that is judged now is the next one's.
        if (before) yield* judge(before) as Generator<Taken<E>, void, undefined>
        filling = begin()
      }
    },
    *rest<E extends LogEntry>() {
      for (const burst of [handOver(), handed])
        if (burst) yield* judge(burst) as Generator<Taken<E>, void, undefined>
      handed = undefined
      filling = begin()
    },
    close: abandon,
  }
}

function startWorkers(memory: SharedArrayBuffer): Worker[] {
  const count = Math.min(3, availableParallelism() - 1)
  return Array.from({ length: count }, () => {
    const worker = new Worker(new URL('./signature-thread.ts', import.meta.url), {
      workerData: memory,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 },
    })
    // Its work is done here when it cannot be done there.
    worker.on('error', () => undefined)
    worker.unref()
    return worker
  })
}

/** Takes back what nobody has begun, waits for what somebody has; how each task stands then. */
function settle(states: Int32Array): Int32Array {
  for (let i = tasksPerSlot - 1; i >= 0; i--)
    Atomics.compareExchange(states, i, taskState.waiting, taskState.none)
  const outcomes = new Int32Array(tasksPerSlot)
  for (let i = 0; i < tasksPerSlot; i++) {
    if (Atomics.load(states, i) === taskState.taken) Atomics.wait(states, i, taskState.taken, patienceMs)
    outcomes[i] = Atomics.load(states, i)
  }
  return outcomes
}
