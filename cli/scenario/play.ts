import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Fleet } from '@hours/firmware-sim'
import { type ManualClock, MINUTE } from '@hours/protocol'
import type { World } from '../demo/world.ts'
import { historyPageMs } from '../demo/world.ts'
import type { WorkerAnswer, WorkerOrder, WorkerTask } from './gateway-worker.ts'

export interface PlayOptions {
  readonly world: World
  readonly clock: ManualClock
  readonly fleet: Fleet
  readonly from: number
  readonly to: number
  readonly sampleMs: number
  readonly silence: number
  readonly signal: AbortSignal
  /** Called after each step; may append records of people. */
  readonly onStep: (at: number) => Promise<void> | void
}

/** Pages are sealed 3.5 minutes after their end, so they are in the log well before they count as late. */
const afterPageEnd = 17 * MINUTE
/** How many threads simulate gateways; the third one of the machine's is ours. */
const threads = 2

/**
 * Plays [from, to) with the gateways in threads of their own: they measure, sign and send over MQTT while this thread
 * verifies, logs and answers. The clock here leads by one step, so no page comes from the future and none is late.
 */
export async function playYear(options: PlayOptions): Promise<void> {
  const { world, clock, from, to, signal, onStep } = options
  const workers = startWorkers(options)
  try {
    for (let at = from; at < to && !signal.aborted; ) {
      const next = Math.min(
        to,
        (Math.floor((at - 2 * MINUTE) / historyPageMs) + 1) * historyPageMs + 2 * MINUTE,
      )
      clock.advanceTo(next)
      await everyWorker(workers, { to: next }, clock)
      // The `time` record that says when these pages came; later it would say that they were late.
      clock.advanceTo(Math.max(clock.wall(), next + MINUTE))
      await world.ingest.log.tick()
      await onStep(next)
      at = next
    }
    // What is still open at the end is sealed and sent before the gateways stop.
    clock.advanceTo(to + afterPageEnd)
    if (!signal.aborted) await everyWorker(workers, { to: to + afterPageEnd }, clock)
  } finally {
    await Promise.all(workers.map(stop))
  }
  await world.ingest.settled()
}

function startWorkers({ world, fleet, from, sampleMs, silence }: PlayOptions): Worker[] {
  const configs = world.configs(historyPageMs)
  return Array.from({ length: threads }, (_, thread) => {
    const own = configs.filter((_config, i) => i % threads === thread)
    const gateways = new Set(own.map(({ gateway }) => gateway))
    const instruments = fleet.instruments.filter(({ gateway }) => gateways.has(gateway))
    const workerData: WorkerTask = { configs: own, instruments, from, sampleMs, silence }
    return new Worker(new URL('./gateway-worker.ts', import.meta.url), { workerData })
  })
}

/** Gives the order to all and waits for all; receipts are timed by our clock, so it goes on a little meanwhile. */
async function everyWorker(
  workers: readonly Worker[],
  order: WorkerOrder,
  clock: ManualClock,
): Promise<void> {
  let open = workers.length
  let failure: Error | undefined
  const answers = workers.map(async (worker) => {
    const [answer] = (await once(worker, 'message')) as [WorkerAnswer]
    if ('failed' in answer) throw new Error(answer.failed)
  })
  for (const answer of answers)
    void answer.then(
      () => (open -= 1),
      (error: unknown) => (failure = error instanceof Error ? error : new Error(String(error))),
    )
  for (const worker of workers) worker.postMessage(order)
  const soon = clock.wall() + MINUTE
  while (open > 0 && failure === undefined) {
    await pause(1)
    clock.advanceTo(clock.wall() + (clock.wall() < soon ? 250 : 10))
  }
  if (failure !== undefined) throw failure
}

async function stop(worker: Worker): Promise<void> {
  const ended = once(worker, 'exit')
  worker.postMessage(null)
  const slow = setTimeout(() => void worker.terminate(), 10_000)
  await ended
  clearTimeout(slow)
}
