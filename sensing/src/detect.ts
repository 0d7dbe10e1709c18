import type { Span } from '@hours/protocol'
import { createDetector } from './detector.ts'
import type { DetectorSettings, KnownSpan, RejectReason } from './detector-state.ts'
import type { Sample } from './reading.ts'

export interface Detected {
  /** A partition of [from, to) with unknown in the holes. */
  readonly spans: readonly Span[]
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>
}

/** A whole recording at once, by the same detector as live samples; the last sample has no length. */
export function detect(
  samples: Iterable<Sample>,
  settings: DetectorSettings,
  window: { readonly from: number; readonly to: number },
): Detected {
  const detector = createDetector(settings)
  for (const sample of samples) detector.push(sample)
  const spans = fillUnknown(detector.finish(), window.from, window.to)
  return { spans, rejected: detector.counts().rejected }
}

/** Known spans clipped to [from, to), with unknown for everything they leave out; touching equal states are one. */
export function fillUnknown(known: readonly KnownSpan[], from: number, to: number): Span[] {
  const spans: Span[] = []
  const add = (span: Span) => {
    if (span.to <= span.from) return
    const before = spans.at(-1)
    if (before?.to === span.from && before.state === span.state)
      spans[spans.length - 1] = { ...before, to: span.to }
    else spans.push(span)
  }
  let at = from
  for (const span of known) {
    const start = Math.max(span.from, at)
    const end = Math.min(span.to, to)
    if (end <= start) continue
    add({ state: 'unknown', from: at, to: start })
    add({ state: span.state, from: start, to: end })
    at = end
  }
  add({ state: 'unknown', from: at, to })
  return spans
}
