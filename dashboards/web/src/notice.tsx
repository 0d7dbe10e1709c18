import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Resource } from './resource.ts'
import { text } from './text/text.ts'

interface NoticeProps {
  readonly title: string
  readonly children?: ComponentChildren
  readonly bad?: boolean
  /** It stands for the whole view and is its heading. */
  readonly main?: boolean
}

/** Says what is the case and what to do about it. */
export function Notice({ title, children, bad, main }: NoticeProps) {
  return (
    <div class={bad ? 'notice bad' : 'notice'} role={bad ? 'alert' : 'status'}>
      {main ? <h1 class="long">{title}</h1> : <strong>{title}</strong>}
      {children}
    </div>
  )
}

/** What went wrong with an answer, in words a reader can act on; nothing when all is well. */
export function FaultNotice({ of, missing }: { of: Resource<unknown>; missing?: string }) {
  const { fault, data } = of
  const words = text.value.fault
  if (!fault) return null
  const retry = (
    <button type="button" class="button quiet" onClick={of.again}>
      {words.again}
    </button>
  )
  if (data !== undefined)
    return (
      <Notice title={words.stale(fault.message === '' ? words.down : fault.message)} bad>
        {fault.fix === undefined ? null : <p>{fault.fix}</p>}
        {retry}
      </Notice>
    )
  if (fault.code === 'missing')
    return (
      <Notice title={missing ?? words.missing}>
        <p>{words.missingDo}</p>
      </Notice>
    )
  if (fault.code === 'denied')
    return (
      <Notice title={words.denied} bad>
        <p>{words.deniedDo}</p>
      </Notice>
    )
  const down = fault.code === 'down'
  return (
    <Notice title={down ? words.down : words.refused} bad>
      {fault.message === '' ? null : <p>{fault.message}</p>}
      {fault.fix === undefined ? null : (
        <p>
          {words.fix} {fault.fix}
        </p>
      )}
      {down ? <p>{words.downDo}</p> : null}
      {retry}
    </Notice>
  )
}

/** Whoever waits longer than this (ms) is told why. */
const patienceMs = 5_000

/** Holds the place of what is coming, so that nothing jumps; says so when it takes long. */
export function Waiting({ height }: { height: number }) {
  const words = text.value.fault
  const [isLong, setIsLong] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsLong(true), patienceMs)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div class="waiting" style={{ height: `${height}px` }} role="status">
      <span class={isLong ? 'soft' : 'hidden'}>{isLong ? words.slow : words.loading}</span>
    </div>
  )
}
