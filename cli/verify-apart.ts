import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { BundleVerdict, LogVerdict } from '@hours/verifier'

/** What is to be checked: the folder of a report, or a log in a folder or at an address. */
export type VerifyTask = {
  /** Text of the reader's own policy; absent = the report's. */
  readonly policy?: string | undefined
} & (
  | { readonly report: string }
  | {
      readonly log: string
      /** Sent to an address as `Authorization: Bearer`. */
      readonly key?: string | undefined
    }
)

/** What the reading of a log came to, as far as it leaves its thread. */
export type LogSummary = Omit<LogVerdict, 'facts'> & { readonly records: ReadonlyMap<string, number> }

export type VerifyAnswer =
  | { readonly report: BundleVerdict }
  | { readonly log: LogSummary }
  /** It could not be read to its end because of what it is. */
  | { readonly unreadable: string }
  /** What was asked for cannot be done: a policy that is none, a site that does not answer. */
  | { readonly usage: string }

export type ThreadMessage = VerifyAnswer | { readonly done: number; readonly all: number }

/** A report of 10,000 instruments needs a quarter of it. */
const maxHeapMb = 4_096

/**
 * Checks in a thread of its own: only there can the size of a heap be bounded from within, so that even what is made to
 * exhaust the memory ends in a verdict. By itself V8 takes all the memory there is before it collects, 500 MB for a
 * gateway's year that needs a tenth of that; here it collects when its heap has grown by a third, and keeps little room
 * for what is new.
 */
export async function verifyApart(
  task: VerifyTask,
  onProgress: (done: number, all: number) => void,
): Promise<VerifyAnswer> {
  setFlagsFromString('--heap-growing-percent=30')
  // Little survives, so that threads which help to copy it cost more than they do; every core has signatures to check.
  setFlagsFromString('--no-parallel-scavenge')
  const { promise, resolve } = Promise.withResolvers<VerifyAnswer>()
  const worker = new Worker(new URL('./verify-thread.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: maxHeapMb },
  })
  worker.on('message', (message: ThreadMessage) => {
    if ('done' in message) onProgress(message.done, message.all)
    else resolve(message)
  })
  worker.on('error', (error: Error & { code?: string }) =>
    resolve({
      unreadable:
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? `checking it takes more than ${maxHeapMb} MB; no honest one does`
          : error.message,
    }),
  )
  worker.on('exit', (code) => resolve({ unreadable: `the checking ended early, with ${code}` }))
  return promise
}
