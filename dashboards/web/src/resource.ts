import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Ask, load } from './api-client.ts'
import { ApiError, type ApiFault } from './api-request.ts'
import { loginWanted } from './signed-in.ts'

/** What went wrong, and what the server says can be done about it. */
export interface Fault {
  readonly code: ApiFault
  readonly message: string
  readonly fix?: string | undefined
}

/** What a view knows about an answer; `data` stays while a newer one is on its way, so nothing jumps. */
export interface Resource<T> {
  readonly data: T | undefined
  /** When the answer on show was asked for, by the browser's own steady clock (ms); live events after that are newer. */
  readonly askedAt: number
  readonly fault: Fault | undefined
  readonly loading: boolean
  /** Asks everything anew that has failed. */
  readonly again: () => void
  /** Asks this one anew; while it is under way, once more when it is over. */
  readonly refresh: () => void
}

interface Held<T> {
  readonly data: T | undefined
  readonly askedAt: number
  readonly fault: Fault | undefined
  readonly address: string | undefined
}

const nothing = { data: undefined, askedAt: 0, fault: undefined, address: undefined }

/** Counts the reader's "try again": one click asks everything anew that has failed, not one part of a view. */
const retries = signal(0)

/** Counts the logins. */
const logins = signal(0)

/** After a login: what somebody else was shown is forgotten, and everything is asked anew; what was typed stays. */
export const startOver = (): void => {
  logins.value += 1
}

/** While the server does not answer it is asked again by itself this often, ms. */
const recoverMs = 15_000

/** Fetches when the question changes and every `everyMs`; null asks nothing. */
export function useResource<T>(question: Ask<T> | null, everyMs = 0): Resource<T> {
  const [held, setHeld] = useState<Held<T>>(nothing)
  const asker = useRef<Asker | undefined>(undefined)
  const address = question?.address
  const login = logins.value
  const seenLogin = useRef(login)
  const asked = useRef(question)
  asked.current = question

  useEffect(() => {
    const now = asked.current
    if (login !== seenLogin.current) setHeld(nothing)
    seenLogin.current = login
    if (!now) return undefined
    const own = createAsker(now, setHeld)
    asker.current = own
    own.ask()
    return () => {
      asker.current = undefined
      own.stop()
    }
  }, [address, login])

  const refresh = () => asker.current?.ask()
  const round = retries.value
  const down = held.fault?.code === 'down'
  useEffect(() => {
    if (held.fault) refresh()
  }, [round])
  useEvery(down ? recoverMs : 0, refresh)
  useEvery(everyMs, () => {
    if (document.visibilityState === 'visible') refresh()
  })

  return {
    data: held.data,
    askedAt: held.askedAt,
    fault: held.address === address ? held.fault : undefined,
    loading: address !== undefined && held.address !== address,
    refresh,
    again: () => {
      retries.value += 1
    },
  }
}

function useEvery(ms: number, act: () => void): void {
  const now = useRef(act)
  now.current = act
  useEffect(() => {
    if (ms === 0) return undefined
    const timer = setInterval(() => {
      // Behind the login nothing is answered.
      if (!loginWanted.peek()) now.current()
    }, ms)
    return () => clearInterval(timer)
  }, [ms])
}

interface Asker {
  readonly ask: () => void
  readonly stop: () => void
}

/**
 * Asks one question, one request at a time: who asks while one is under way gets another one after it, and a server that
 * needs seconds is left alone for as long as it took. Otherwise changes that come faster than answers would abort each
 * of them, and nothing would ever be shown.
 */
function createAsker<T>(question: Ask<T>, keep: (change: (before: Held<T>) => Held<T>) => void): Asker {
  const stop = new AbortController()
  let state: 'idle' | 'asking' | 'due' = 'idle'
  let pause: ReturnType<typeof setTimeout> | undefined

  function ask(): void {
    if (state === 'idle') start()
    else state = 'due'
  }

  function start(): void {
    state = 'asking'
    const askedAt = performance.now()
    const { address } = question
    load(question, stop.signal).then(
      (data) => over(() => ({ data, askedAt, fault: undefined, address })),
      (error: unknown) =>
        over((before) => {
          const fault = faultOf(error)
          // What is shown stays; only a different question's answer, or one that may not be seen, would mislead.
          const stays = before.address === address && fault.code !== 'denied'
          return { ...before, data: stays ? before.data : undefined, fault, address }
        }),
    )

    function over(change: (before: Held<T>) => Held<T>): void {
      if (stop.signal.aborted) return
      keep(change)
      const again = state === 'due'
      state = 'idle'
      if (!again) return
      state = 'due'
      pause = setTimeout(start, Math.min(performance.now() - askedAt, recoverMs))
    }
  }

  return {
    ask,
    stop() {
      clearTimeout(pause)
      stop.abort()
    },
  }
}

function faultOf(error: unknown): Fault {
  if (error instanceof ApiError) return { code: error.code, message: error.message, fix: error.fix }
  return { code: 'down', message: String(error instanceof Error ? error.message : error) }
}
