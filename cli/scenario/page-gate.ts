import { setTimeout as pause } from 'node:timers/promises'
import type { Commit, UpMessage } from '@hours/protocol'

/** How many pages by gateway, since the start. */
export type Pages = Readonly<Record<string, number>>

/** Holds pages back until a step's are all there: then they are one group in the log, and none waits for another. */
export interface PageGate {
  /** What the broker is given. */
  readonly commit: Commit
  /** Until so many pages of each gateway have come. Throws when they do not. */
  gathered(pages: Pages): Promise<void>
  /** Lets so many through, less those that went before, and resolves when they are in the log. */
  let(pages: Pages): Promise<void>
  /** Refuses what is still held and what comes after, so that nobody waits for it. */
  close(): void
}

interface Held {
  readonly message: UpMessage
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

const ended = () => new Error('the simulation has ended')

/** `patienceMs` of real time a gateway's thread may take for the pages of a step. */
export function createPageGate(commit: Commit, patienceMs = 60_000): PageGate {
  const held = new Map<string, Held[]>()
  const gone = new Map<string, number>()
  let wake: (() => void) | undefined
  let closed = false

  const of = (gateway: string) => held.getOrInsertComputed(gateway, () => [])

  const due = (gateway: string, pages: Pages) => (pages[gateway] ?? 0) - (gone.get(gateway) ?? 0)

  function take(gateway: string, count: number): Held[] {
    const group = of(gateway).splice(0, count)
    gone.set(gateway, (gone.get(gateway) ?? 0) + group.length)
    return group
  }

  async function letOne({ message, done, failed }: Held): Promise<void> {
    try {
      await commit(message)
      done()
    } catch (error) {
      failed(error)
    }
  }

  return {
    commit(message) {
      if (message.client === undefined || !message.topic.endsWith('/page')) return commit(message)
      if (closed) return Promise.reject(ended())
      const queue = of(message.client)
      return new Promise((done, failed) => {
        queue.push({ message, done, failed })
        wake?.()
      })
    },
    async gathered(pages) {
      const lacks = () => Object.keys(pages).filter((gateway) => due(gateway, pages) > of(gateway).length)
      const patience = new AbortController()
      const limit = pause(patienceMs, true, { signal: patience.signal }).catch(() => false)
      while (lacks().length > 0) {
        const came = new Promise<false>((resolve) => (wake = () => resolve(false)))
        if (await Promise.race([came, limit]))
          throw new Error(`no page came in ${patienceMs} ms of ${lacks().join(', ')}`)
      }
      wake = undefined
      patience.abort()
    },
    async let(pages) {
      const group = Object.keys(pages).flatMap((gateway) => take(gateway, due(gateway, pages)))
      await Promise.all(group.map(letOne))
    },
    close() {
      closed = true
      for (const { failed } of [...held.values()].flat()) failed(ended())
      held.clear()
    },
  }
}
