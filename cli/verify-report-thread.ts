// `hours verify DIR` in a thread: only there can the size of the heap be bounded from within (cli/verify-report.ts).
import { parentPort, workerData } from 'node:worker_threads'
import { verifyBundle } from '@hours/verifier'
import type { ReportAnswer, ReportTask } from './verify-report.ts'

const { dir, policy } = workerData as ReportTask
const say = (answer: ReportAnswer) => parentPort?.postMessage(answer)

const verdict = verifyBundle(dir, {
  ...(policy ? { policy } : {}),
  onProgress: (done, all) => say({ done, all }),
})
say({ verdict })
