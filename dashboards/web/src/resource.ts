import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, type ApiFault, type Ask, load } from './api-client.ts'

/** What a view knows about an answer; `data` stays while a newer one is on its way, so nothing jumps. */
export interface Resource<T> {
  readonly data: T | undefined
  readonly fault: { readonly code: ApiFault; readonly message: string } | undefined
  readonly loading: boolean
  /** Asks everything anew that has failed. */
  readonly again: () => void
  /** Asks this one anew. */
  readonly refresh: () => void
}

interface Held<T> {
  readonly data: T | undefined
  readonly fault: Resource<T>['fault']
  readonly address: string | undefined
}

/** Counts the reader's "try again": one click asks everything anew that has failed, not one part of a view. */
const retries = signal(0)

/** While the server does not answer it is asked again by itself this often, ms. */
const recoverMs = 15_000

/** Fetches when the question changes and every `everyMs`; null asks nothing. */
export function useResource<T>(question: Ask<T> | null, everyMs = 0): Resource<T> {
  const [held, setHeld] = useState<Held<T>>({ data: undefined, fault: undefined, address: undefined })
  const [turn, setTurn] = useState(0)
  const address = question?.address
  const asked = useRef(question)
  asked.current = question

  useEffect(() => {
    const now = asked.current
    if (!now) return undefined
    const stop = new AbortController()
    load(now, stop.signal).then(
      (data) => setHeld({ data, fault: undefined, address: now.address }),
      (error: unknown) => {
        if (stop.signal.aborted) return
        const fault = {
          code: error instanceof ApiError ? error.code : 'down',
          message: String(error instanceof Error ? error.message : error),
        } as const
        // What is shown stays; only a different question's answer would mislead.
        setHeld((before) => ({
          data: before.address === now.address ? before.data : undefined,
          fault,
          address: now.address,
        }))
      },
    )
    return () => stop.abort()
  }, [address, turn])

  const round = retries.value
  const down = held.fault?.code === 'down'
  useEffect(() => {
    if (held.fault) setTurn((n) => n + 1)
  }, [round])
  useEffect(() => {
    if (!down) return undefined
    const timer = setInterval(() => setTurn((n) => n + 1), recoverMs)
    return () => clearInterval(timer)
  }, [down])

  useEffect(() => {
    if (everyMs === 0) return undefined
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setTurn((n) => n + 1)
    }, everyMs)
    return () => clearInterval(timer)
  }, [everyMs])

  return {
    data: held.data,
    fault: held.address === address ? held.fault : undefined,
    loading: address !== undefined && held.address !== address,
    refresh: () => setTurn((n) => n + 1),
    again: () => {
      retries.value += 1
    },
  }
}
