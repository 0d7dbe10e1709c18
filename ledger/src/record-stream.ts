import { accept, type Decoded, refuse } from '@hours/protocol'

/** One stream of operator and service records (a site id or `installation`), numbered like pages (R9). */
export interface StreamState {
  /** The seq that must come next. */
  readonly next: number
  /** Digest of the last record; null before the first. */
  readonly last: string | null
}

export type StreamCode = 'stream_hole' | 'stream_fork'

export const emptyStream: StreamState = { next: 0, last: null }

/**
 * The stream after one more record. A stream has one chain whoever signs its records: `operator`, `service` and
 * `report` number on where the other stopped, so that one file in a bundle proves that none is left out.
 */
export function extendStream(
  state: StreamState,
  record: { readonly seq: number; readonly prev: string | null; readonly digest: string },
): Decoded<StreamState, StreamCode> {
  const { seq, prev, digest } = record
  if (seq > state.next)
    return refuse('stream_hole', `seq ${seq} where ${state.next} is due: a record is left out`)
  if (seq < state.next) return refuse('stream_fork', `seq ${seq} again; ${state.next} is due`)
  if (prev !== state.last)
    return refuse(
      'stream_fork',
      `seq ${seq} names prev ${prev ?? 'null'}; the last is ${state.last ?? 'null'}`,
    )
  return accept({ next: seq + 1, last: digest })
}

/** The stream after a record that a bundle shows only as its digest, because its body belongs to others. */
export const skipForeign = ({ next }: StreamState, digest: string): StreamState => ({
  next: next + 1,
  last: digest,
})
