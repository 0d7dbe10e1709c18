import type { LiveEvent } from '@hours/protocol'
import { signal } from '@preact/signals'
import { atLeast } from './clock.ts'

/** Newest state of each instrument that changed since the page was opened. */
export const live = signal<ReadonlyMap<string, LiveEvent>>(new Map())

/** Whether state changes are arriving; false while the connection is being made again. */
export const liveConnected = signal<boolean | undefined>(undefined)

const waiting = new Map<string, LiveEvent>()
let timer: ReturnType<typeof setTimeout> | undefined

function flush(): void {
  timer = undefined
  const next = new Map(live.value)
  for (const [key, event] of waiting) next.set(key, event)
  waiting.clear()
  live.value = next
}

/** One connection; thousands of states may change at once, so they are shown twice a second. */
function connect(): EventSource {
  const source = new EventSource('/api/v1/events')
  source.addEventListener('state', (message: MessageEvent<string>) => {
    const event = readEvent(message.data)
    if (!event) return
    atLeast(event.at)
    waiting.set(event.key, event)
    timer ??= setTimeout(flush, 500)
  })
  source.addEventListener('open', () => {
    liveConnected.value = true
  })
  source.addEventListener('error', () => {
    liveConnected.value = false
  })
  return source
}

/**
 * Subscribes to state changes while the page is looked at. A browser has six connections to a server over HTTP/1.1:
 * tabs in the background must not hold one each.
 */
export function startLive(): void {
  let source: EventSource | undefined
  const follow = () => {
    if (document.visibilityState === 'visible') source ??= connect()
    else {
      source?.close()
      source = undefined
    }
  }
  document.addEventListener('visibilitychange', follow)
  follow()
}

function readEvent(text: string): LiveEvent | undefined {
  try {
    const event = JSON.parse(text) as LiveEvent
    return typeof event.key === 'string' && typeof event.state === 'string' ? event : undefined
  } catch {
    return undefined
  }
}

/** A row as it is now: the event's word where it is newer than the list's. */
export function withLive<
  T extends { key: string; state: LiveEvent['state']; since: number | null; mw: number | null },
>(row: T, asOf: number): T {
  const event = live.value.get(row.key)
  return event && event.at >= asOf ? { ...row, state: event.state, since: event.since, mw: event.mw } : row
}
