import { Buffer } from 'node:buffer'
import type { KeyAlg } from '@hours/ledger'

/** A signature over a message by a key: what both threads can check. */
export interface SignatureTask {
  readonly alg: KeyAlg
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** Whether two tasks ask the same, byte for byte: then one outcome is that of both. */
export const isSameTask = (a: SignatureTask, b: SignatureTask): boolean =>
  a.alg === b.alg &&
  Buffer.compare(a.signature, b.signature) === 0 &&
  Buffer.compare(a.publicKey, b.publicKey) === 0 &&
  Buffer.compare(a.message, b.message) === 0

/** How a task stands. The thread that turns `waiting` into something else does the task, and no other. */
export const taskState = { none: 0, waiting: 1, taken: 2, good: 3, bad: 4 } as const

/** So many tasks are handed over at once, and so many bytes of them; what does not fit is not handed over. */
export const tasksPerSlot = 256
const bytesPerSlot = 1 << 20
const slotCount = 2
/** Of a task: begin and length of its message, length of its key; 64 bytes of signature and the key follow the message. */
const headWords = 3
const signatureBytes = 64

/** A burst of tasks in memory that two threads share. */
export interface SignatureSlot {
  /** One of `taskState` for each task. */
  readonly states: Int32Array
  /** Empties the slot; only once no task in it is `taken`. */
  clear(): void
  /** Writes task `i`; does nothing when there is no room for it. */
  put(i: number, task: SignatureTask): void
  /** From here on the tasks written wait for whoever takes them. */
  offer(): void
  readonly get: (i: number) => SignatureTask
}

export interface SignatureSlots {
  readonly memory: SharedArrayBuffer
  /** How many bursts were handed over; burst n lies in slot n % 2. */
  readonly handedOver: Int32Array
  readonly slot: (burst: number) => SignatureSlot
}

const slotBytes = tasksPerSlot * (1 + headWords) * 4 + bytesPerSlot

/** Lays the slots out in `memory`, fresh or that of the other thread. */
export function signatureSlots(memory = new SharedArrayBuffer(8 + slotCount * slotBytes)): SignatureSlots {
  const slots = Array.from({ length: slotCount }, (_, i) => slotAt(memory, 8 + i * slotBytes))
  return {
    memory,
    handedOver: new Int32Array(memory, 0, 1),
    slot(burst) {
      const slot = slots[burst % slotCount]
      if (!slot) throw new RangeError(`no slot for burst ${burst}`)
      return slot
    },
  }
}

function slotAt(memory: SharedArrayBuffer, at: number): SignatureSlot {
  const states = new Int32Array(memory, at, tasksPerSlot)
  const heads = new Int32Array(memory, at + states.byteLength, tasksPerSlot * headWords)
  const data = new Uint8Array(memory, at + states.byteLength + heads.byteLength, bytesPerSlot)
  let used = 0
  const written: number[] = []
  return {
    states,
    clear() {
      used = 0
      written.length = 0
      states.fill(taskState.none)
    },
    put(i, { publicKey, message, signature }) {
      const end = used + message.length + signatureBytes + publicKey.length
      if (end > data.length || signature.length !== signatureBytes) return
      heads.set([used, message.length, publicKey.length], i * headWords)
      data.set(message, used)
      data.set(signature, used + message.length)
      data.set(publicKey, used + message.length + signatureBytes)
      used = end
      written.push(i)
    },
    offer() {
      for (const i of written) Atomics.store(states, i, taskState.waiting)
    },
    get(i) {
      const [from = 0, length = 0, keyLength = 0] = heads.subarray(i * headWords, (i + 1) * headWords)
      const signed = from + length
      const key = signed + signatureBytes
      return {
        alg: keyLength === 32 ? 'Ed25519' : 'ES256',
        message: data.subarray(from, signed),
        signature: data.subarray(signed, key),
        publicKey: data.subarray(key, key + keyLength),
      }
    },
  }
}
