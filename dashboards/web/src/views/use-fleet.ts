import type { InstrumentList } from '@hours/protocol'
import { useEffect, useRef } from 'preact/hooks'
import { api } from '../api-client.ts'
import { setServerNow } from '../clock.ts'
import { live, liveGaps } from '../live.ts'
import { type Resource, useResource } from '../resource.ts'

const everyMs = 30_000
const followMs = 4_000

/** Instruments with their live states: rows change at once, counts, order and filter follow with one question for all; null asks nothing yet. */
export function useFleet(query: Parameters<typeof api.instruments>[0] | null): Resource<InstrumentList> {
  const list = useResource(query && api.instruments(query), everyMs)
  const refresh = useRef(list.refresh)
  refresh.current = list.refresh
  const { data } = list
  useEffect(() => {
    if (data) setServerNow(data.now)
  }, [data])

  const changes = live.value
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    if (changes.size === 0) return
    due.current ??= setTimeout(() => {
      due.current = undefined
      refresh.current()
    }, followMs)
  }, [changes])
  useEffect(() => () => clearTimeout(due.current), [])

  const gaps = liveGaps.value
  useEffect(() => {
    if (gaps > 0) refresh.current()
  }, [gaps])
  return list
}

/** How many instruments the counts are of. */
export const allOf = (counts: InstrumentList['counts']): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0)
