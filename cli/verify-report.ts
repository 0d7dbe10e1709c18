import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Policy } from '@hours/ledger'
import type { BundleVerdict } from '@hours/verifier'

export interface ReportTask {
  readonly dir: string
  /** The reader's own; absent = the report's. */
  readonly policy?: Policy | undefined
}

export type ReportAnswer =
  | { readonly done: number; readonly all: number }
  | { readonly verdict: BundleVerdict }

/**
 * Checks the report in a folder. By itself V8 takes all the memory there is before it collects, 500 MB for a gateway's
 * year that needs a tenth of that; here it collects when its heap has grown by a third, and keeps little room for what is new.
 */
export async function verifyReport(
  task: ReportTask,
  onProgress: (done: number, all: number) => void,
): Promise<BundleVerdict> {
  setFlagsFromString('--heap-growing-percent=30')
  const { promise, resolve, reject } = Promise.withResolvers<BundleVerdict>()
  const worker = new Worker(new URL('./verify-report-thread.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxYoungGenerationSizeMb: 12 },
  })
  worker.on('message', (answer: ReportAnswer) => {
    if ('verdict' in answer) resolve(answer.verdict)
    else onProgress(answer.done, answer.all)
  })
  worker.on('error', reject)
  worker.on('exit', (code) => reject(new Error(`the verifying thread ended with ${code}`)))
  return promise
}
