import { useEffect, useState } from 'preact/hooks'
import { api, load, startBundle } from '../api-client.ts'
import type { ReportJob } from '../api-shapes.ts'
import { Notice } from '../notice.tsx'
import { text } from '../text/text.ts'

interface BundleWish {
  readonly scope: string
  readonly period: string
  readonly ruleset: string
}

const pollMs = 1_000

/** Asks for the evidence of a scope and period, shows how far it is, and hands it out. */
export function ReportBundle({ wish }: { wish: BundleWish }) {
  const words = text.value.assessment
  const [job, setJob] = useState<ReportJob | undefined>()
  const [fault, setFault] = useState('')
  const asked = `${wish.scope} ${wish.period} ${wish.ruleset}`
  useEffect(() => {
    setJob(undefined)
    setFault('')
  }, [asked])

  const isOpen = job?.state === 'queued' || job?.state === 'running'
  useEffect(() => {
    if (!job || !isOpen) return undefined
    const stop = new AbortController()
    const timer = setTimeout(() => {
      load(api.report(job.id), stop.signal).then(setJob, (error: unknown) => {
        if (!stop.signal.aborted) setFault(String(error instanceof Error ? error.message : error))
      })
    }, pollMs)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [job])

  const begin = () => {
    setFault('')
    startBundle(wish).then(setJob, (error: unknown) =>
      setFault(String(error instanceof Error ? error.message : error)),
    )
  }
  const why = fault || job?.problem?.title
  return (
    <div class="no-print">
      <p class="row">
        {job?.state === 'done' && job.file ? (
          <a class="button" href={job.file} download={job.name ?? 'report.zip'}>
            {words.bundleFetch}
          </a>
        ) : (
          <button type="button" class="button" onClick={begin} disabled={isOpen}>
            {words.bundleMake}
          </button>
        )}
        {isOpen ? (
          <progress
            aria-label={words.bundle}
            max={Math.max(1, job.progress.of)}
            value={job.progress.of > 0 ? job.progress.done : undefined}
          />
        ) : null}
      </p>
      {why ? (
        <Notice title={words.bundleNot} bad>
          <p>{why}</p>
        </Notice>
      ) : null}
    </div>
  )
}
