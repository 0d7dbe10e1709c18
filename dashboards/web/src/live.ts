import type { LiveEvent } from '@hours/protocol'
import { signal } from '@preact/signals'
import { atLeast } from './clock.ts'
import { loginWanted } from './signed-in.ts'

/** A state with when it came here, by the browser's own steady clock, ms. */
type Arrived = LiveEvent & { readonly arrived: number }

/** Newest state of each instrument that changed since the page was opened. */
export const live = signal<ReadonlyMap<string, Arrived>>(new Map())

/** Whether state changes are arriving; false while the connection is being made again. */
export const liveConnected = signal<boolean | undefined>(undefined)

/** Counts the times when changes may have been missed: what is on show is to be asked for anew. */
export const liveGaps = signal(0)

const waiting = new Map<string, Arrived>()
let timer: ReturnType<typeof setTimeout> | undefined

function flush(): void {
  timer = undefined
  const next = new Map(live.value)
  for (const [key, event] of waiting) next.set(key, event)
  waiting.clear()
  live.value = next
}

/** Thousands of states may change at once, so they are shown twice a second. */
function take(message: MessageEvent<string>): void {
  const event = readEvent(message.data)
  if (!event) return
  atLeast(event.at)
  waiting.set(event.key, { ...event, arrived: performance.now() })
  timer ??= setTimeout(flush, 500)
}

/** The server says something at least every 15 s; silence for three times as long is a connection that is dead, ms. */
const silenceMs = 45_000
const firstPauseMs = 3_000
const longestPauseMs = 60_000

/**
 * Subscribes to state changes while the page is looked at. A browser has six connections to a server over HTTP/1.1:
 * tabs in the background must not hold one each. A browser gives up for good after an answer such as 503, and never
 * notices a line that was cut: both are connected again here, after 3, 6, 12 ... 60 s, for a wall screen has no reader.
 */
export function startLive(): void {
  let source: EventSource | undefined
  let pauseMs = firstPauseMs
  let retry: ReturnType<typeof setTimeout> | undefined
  let silence: ReturnType<typeof setTimeout> | undefined
  let wasLost = false

  function connect(): void {
    const own = new EventSource('/api/v1/events')
    source = own
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(() => later(own), silenceMs)
    }
    own.addEventListener('open', () => {
      liveConnected.value = true
      pauseMs = firstPauseMs
      if (wasLost) liveGaps.value += 1
      wasLost = false
      heard()
    })
    own.addEventListener('state', heard)
    own.addEventListener('beat', heard)
    own.addEventListener('state', take)
    own.addEventListener('reset', () => {
      liveGaps.value += 1
    })
    own.addEventListener('error', () => {
      liveConnected.value = false
      // While it is CONNECTING the browser tries by itself, and tells the server what it has seen last.
      if (own.readyState === EventSource.CLOSED) later(own)
    })
  }

  function close(): void {
    clearTimeout(retry)
    clearTimeout(silence)
    source?.close()
    source = undefined
  }

  /** Another connection in place of one that is no more. */
  function later(lost: EventSource): void {
    if (source !== lost) return
    close()
    liveConnected.value = false
    wasLost = true
    retry = setTimeout(follow, pauseMs)
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  }

  function follow(): void {
    clearTimeout(retry)
    const wanted = document.visibilityState === 'visible' && !loginWanted.value
    if (wanted && !source) connect()
    if (wanted || !source) return
    close()
    wasLost = true
  }

  document.addEventListener('visibilitychange', follow)
  addEventListener('online', follow)
  loginWanted.subscribe(follow)
}

function readEvent(text: string): LiveEvent | undefined {
  try {
    const event = JSON.parse(text) as LiveEvent
    return typeof event.key === 'string' && typeof event.state === 'string' ? event : undefined
  } catch {
    return undefined
  }
}

/** A row as it is now: the event's word where it came after the row was asked for (`askedAt` of its resource). */
export function withLive<
  T extends { key: string; state: LiveEvent['state']; since: number | null; mw: number | null },
>(row: T, askedAt: number): T {
  const event = live.value.get(row.key)
  return event && event.arrived >= askedAt
    ? { ...row, state: event.state, since: event.since, mw: event.mw }
    : row
}
