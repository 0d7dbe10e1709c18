import { useEffect, useState } from 'preact/hooks'
import { api, load, type ReportWish, startReport } from '../api-client.ts'
import type { ReportJob } from '../api-shapes.ts'
import { Notice } from '../notice.tsx'
import { text } from '../text/text.ts'

const pollMs = 1_000

/** The link takes the place of the button that was pressed, and its focus. */
const takeFocus = (link: HTMLAnchorElement | null) => {
  if (document.activeElement === document.body) link?.focus({ preventScroll: true })
}

/** Asks for a report as a file, shows how far it is, and hands it out. */
export function ReportFile({ wish }: { wish: ReportWish }) {
  const words = text.value.report
  const names = words.formats[wish.format]
  const [job, setJob] = useState<ReportJob | undefined>()
  const [fault, setFault] = useState('')
  const asked = `${wish.scope} ${wish.period} ${wish.ruleset} ${wish.format} ${JSON.stringify(wish.parameters)}`
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
    if (isOpen) return
    setFault('')
    startReport(wish).then(setJob, (error: unknown) =>
      setFault(String(error instanceof Error ? error.message : error)),
    )
  }
  const why = fault || job?.problem?.title
  return (
    <div class="no-print">
      <p class="row">
        {job?.state === 'done' && job.file ? (
          <a ref={takeFocus} class="button" href={job.file} download={job.name ?? `report.${wish.format}`}>
            {words.fetch(names)}
          </a>
        ) : (
          <button type="button" class="button quiet" onClick={begin} aria-disabled={isOpen}>
            {words.make(names)}
          </button>
        )}
        {isOpen ? (
          <progress
            aria-label={names}
            max={Math.max(1, job.progress.of)}
            value={job.progress.of > 0 ? job.progress.done : undefined}
          />
        ) : null}
      </p>
      {why ? (
        <Notice title={words.notMade(names)} bad>
          <p>{why}</p>
        </Notice>
      ) : null}
    </div>
  )
}
