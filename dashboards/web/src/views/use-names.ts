import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, load } from '../api-client.ts'
import type { Names } from '../api-shapes.ts'

/** Names that were asked for one by one, of instruments beyond the first page of the fleet. */
const found = signal<ReadonlyMap<string, Names>>(new Map())

/** Names of the few instruments on show; those that `isKnown` has already are not asked for. */
export function useNames(
  keys: readonly string[],
  isKnown: (key: string) => boolean,
): ReadonlyMap<string, Names> {
  const missing = keys.filter((key) => !isKnown(key) && !found.value.has(key)).join(' ')
  useEffect(() => {
    if (missing === '') return undefined
    const stop = new AbortController()
    void askEach(missing.split(' '), stop.signal)
    return () => stop.abort()
  }, [missing])
  return found.value
}

/** One after the other; where the server does not tell a name, the id stands for it. */
async function askEach(keys: readonly string[], signal: AbortSignal): Promise<void> {
  const names = new Map<string, Names>()
  for (const key of keys) {
    const one = await load(api.instrument(key), signal).catch(() => undefined)
    if (signal.aborted) return
    names.set(key, one?.names ?? {})
  }
  found.value = new Map([...found.value, ...names])
}
