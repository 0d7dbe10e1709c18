import type { LiveEvent } from '@hours/protocol'
import { signal } from '@preact/signals'
import { atLeast } from './clock.ts'

/** Newest state of each instrument that changed since the page was opened. */
export const live = signal<ReadonlyMap<string, LiveEvent>>(new Map())

/** Whether state changes are arriving; false while the connection is being made again. */
export const liveConnected = signal<boolean | undefined>(undefined)

/** Subscribes to state changes. Thousands may change at once: they are shown twice a second. */
export function startLive(): void {
  const source = new EventSource('/api/v1/events')
  const waiting = new Map<string, LiveEvent>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = () => {
    timer = undefined
    const next = new Map(live.value)
    for (const [key, event] of waiting) next.set(key, event)
    waiting.clear()
    live.value = next
  }
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
