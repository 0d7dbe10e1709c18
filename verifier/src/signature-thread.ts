// Checks signatures beside the thread that judges (look-ahead.ts), burst after burst, until it is ended.
import { flushCompileCache } from 'node:module'
import { workerData } from 'node:worker_threads'
import { nodeCrypto } from '@hours/ledger/node'
import { signatureSlots, taskState, tasksPerSlot } from './signature-slots.ts'

// It never ends by itself; kept now, the next start need not strip the types of these files again, which takes 10 MB.
flushCompileCache()

const { handedOver, slot } = signatureSlots(workerData as SharedArrayBuffer)

for (let burst = 0; ; burst++) {
  while (Atomics.load(handedOver, 0) === burst) Atomics.wait(handedOver, 0, burst)
  const { states, get } = slot(burst)
  for (let i = 0; i < tasksPerSlot; i++) {
    if (Atomics.compareExchange(states, i, taskState.waiting, taskState.taken) !== taskState.waiting) continue
    const { alg, publicKey, message, signature } = get(i)
    const isGood = nodeCrypto.verify(alg, publicKey, message, signature)
    Atomics.store(states, i, isGood ? taskState.good : taskState.bad)
    Atomics.notify(states, i)
  }
}
