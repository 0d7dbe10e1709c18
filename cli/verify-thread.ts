// `hours verify` in a thread of its own (cli/verify-apart.ts).
import { existsSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { directorySource, httpSource, SourceError, verifyBundle, verifyLog } from '@hours/verifier'
import { readPolicy } from './policy-text.ts'
import type { ThreadMessage, VerifyAnswer, VerifyTask } from './verify-apart.ts'

const task = workerData as VerifyTask
const say = (message: ThreadMessage) => parentPort?.postMessage(message)
const onProgress = (done: number, all: number) => say({ done, all })

async function verify(): Promise<VerifyAnswer> {
  const policy = task.policy === undefined ? undefined : readPolicy(task.policy)
  if (typeof policy === 'string') return { usage: policy }
  if ('report' in task)
    return { report: verifyBundle(task.report, { ...(policy ? { policy } : {}), onProgress }) }
  if (!policy)
    return { usage: '--policy: missing. Fix: a tlog-policy with the vkeys of the log and of your witnesses.' }
  const { log, key } = task
  const isAddress = /^https?:\/\//.test(log)
  if (!isAddress && !existsSync(log)) return { usage: `${log} is not there. Fix: the folder of a log.` }
  const source = isAddress ? httpSource(log, key) : directorySource(log)
  const { facts, ...verdict } = await verifyLog(source, policy, { onProgress })
  return { log: { ...verdict, records: facts.counts() } }
}

try {
  say(await verify())
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  say(error instanceof SourceError ? { usage: message } : { unreadable: message })
}
