import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, DAY, every, type Millis } from '@hours/protocol'
import { IngestError } from '../ingest-error.ts'

/** How a long export stands. */
export interface ReportJob {
  readonly id: string
  /** Who asked: nobody else sees it. */
  readonly owner: string
  readonly scope: string
  readonly period: string
  readonly format: string
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  readonly done: number
  readonly of: number
  readonly created: Millis
  /** When it is forgotten, with its file. */
  readonly expires: Millis
  readonly file: {
    readonly path: string
    readonly name: string
    readonly type: string
    readonly size: number
  } | null
  /** Why it failed. */
  readonly failure: unknown
}

/** What a job does: writes `path`, tells how far it is, and stops when the signal says so. */
export type ReportWork = (doing: {
  readonly path: string
  readonly signal: AbortSignal
  readonly progress: (done: number, of: number) => void
}) => Promise<{ readonly name: string; readonly type: string }>

export interface ReportJobsOptions {
  /** Emptied at the start: jobs do not outlive the process, and so neither do their files. */
  readonly dir: string
  readonly clock: Clock
  readonly keepMs?: number
  /** Of one owner that are not finished; and of all, finished ones included. */
  readonly maxWaiting?: number
  readonly maxJobs?: number
  /** All files together; then the oldest of whoever has most goes. */
  readonly maxBytes?: number
}

/** Exports that take longer than an answer may: one at a time, bounded in number, disk and age. */
export interface ReportJobs {
  /** undefined = the owner, or everybody together, waits for too many already. */
  start(
    wish: Pick<ReportJob, 'owner' | 'scope' | 'period' | 'format'>,
    work: ReportWork,
  ): ReportJob | undefined
  get(id: string, owner: string): ReportJob | undefined
  /** Newest first. */
  list(owner: string): readonly ReportJob[]
  /** Stops it, or forgets it when it is finished. The others go on. */
  cancel(id: string, owner: string): boolean
  close(): Promise<void>
}

interface Held {
  job: ReportJob
  readonly stop: AbortController
}

export function createReportJobs(options: ReportJobsOptions): ReportJobs {
  const { dir, clock, keepMs = DAY, maxWaiting = 4, maxJobs = 100, maxBytes = 1 << 30 } = options
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const jobs = new Map<string, Held>()
  let queue = Promise.resolve()
  const stopSweep = every(clock, 60_000, sweep)

  const isWaiting = ({ job: { state } }: Held) => state === 'queued' || state === 'running'
  const change = (held: Held, to: Partial<ReportJob>) => {
    held.job = { ...held.job, ...to }
  }

  function forget(held: Held): void {
    held.stop.abort(new Error('cancelled'))
    if (held.job.file) rmSync(held.job.file.path, { force: true })
    jobs.delete(held.job.id)
  }

  function sweep(): void {
    for (const held of [...jobs.values()])
      if (!isWaiting(held) && held.job.expires <= clock.wall()) forget(held)
  }

  /** Makes room for one more job, or for so many more bytes: of whoever has most, the oldest finished ones go. */
  function makeRoom(fits: () => boolean): boolean {
    for (let next = leaver(); next && !fits(); next = leaver()) forget(next)
    return fits()
  }

  function leaver(): Held | undefined {
    const finished = [...jobs.values()].filter((held) => !isWaiting(held))
    const byOwner = [...Map.groupBy(finished, ({ job }) => job.owner).values()]
    return byOwner.sort((a, b) => b.length - a.length)[0]?.[0]
  }

  const bytes = () => [...jobs.values()].reduce((sum, { job }) => sum + (job.file?.size ?? 0), 0)

  async function run(held: Held, work: ReportWork): Promise<void> {
    const { signal } = held.stop
    if (signal.aborted) return
    const { id } = held.job
    const path = join(dir, `${id}.part`)
    change(held, { state: 'running' })
    try {
      const made = await work({ path, signal, progress: (done, of) => change(held, { done, of }) })
      signal.throwIfAborted()
      const { size } = statSync(path)
      if (size > maxBytes || !makeRoom(() => bytes() + size <= maxBytes))
        throw new IngestError('oversize', `the file has ${size} bytes; all together may have ${maxBytes}`)
      const file = { ...made, path: join(dir, id), size }
      renameSync(path, file.path)
      change(held, { state: 'done', file })
    } catch (failure) {
      rmSync(path, { force: true })
      change(held, isStopped(signal) ? { state: 'cancelled' } : { state: 'failed', failure })
    }
    change(held, { expires: clock.wall() + keepMs })
  }

  return {
    start(wish, work) {
      sweep()
      const own = [...jobs.values()].filter((held) => held.job.owner === wish.owner && isWaiting(held))
      if (own.length >= maxWaiting || !makeRoom(() => jobs.size < maxJobs)) return undefined
      const id = randomBytes(16).toString('base64url')
      const created = clock.wall()
      const held: Held = {
        job: {
          ...wish,
          ...{ id, created, expires: created + keepMs, state: 'queued' },
          ...{ done: 0, of: 0, file: null, failure: null },
        },
        stop: new AbortController(),
      }
      jobs.set(id, held)
      queue = queue.then(() => run(held, work))
      return held.job
    },
    get(id, owner) {
      sweep()
      const held = jobs.get(id)
      return held?.job.owner === owner ? held.job : undefined
    },
    list(owner) {
      sweep()
      return [...jobs.values()].flatMap(({ job }) => (job.owner === owner ? job : [])).reverse()
    },
    cancel(id, owner) {
      const held = jobs.get(id)
      if (held?.job.owner !== owner) return false
      if (isWaiting(held)) {
        held.stop.abort(new Error('cancelled'))
        change(held, { state: 'cancelled', expires: clock.wall() + keepMs })
      } else forget(held)
      return true
    },
    async close() {
      stopSweep()
      for (const held of jobs.values()) held.stop.abort(new Error('the server stops'))
      await queue
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Asked anew: it may have been stopped since. */
const isStopped = (signal: AbortSignal): boolean => signal.aborted
