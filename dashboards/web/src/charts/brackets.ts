import type { Finding } from '../api-shapes.ts'
import { type Place, placeOf } from './placed.ts'
import type { Window } from './time-axis.tsx'

/** What does not match, where it is drawn; the word is left out where it would touch the one before. */
export interface Bracket {
  readonly finding: Finding
  readonly place: Place
  readonly label: { readonly word: string; readonly x: number } | undefined
}

const apart = 8

/** Brackets of a chart of `width` px, findings in order of time; each word stands under the middle of its bracket, inside the chart. */
export function bracketsOf(
  findings: readonly Finding[],
  wordOf: (kind: string) => string,
  { window, width, now }: { window: Window; width: number; now: number },
): Bracket[] {
  let free = 0
  return findings.flatMap((finding) => {
    const place = placeOf(finding, window, width, now)
    if (!place) return []
    const [x, w] = place
    const word = wordOf(finding.kind)
    const wide = widthOf(word)
    const begin = Math.max(0, Math.min(width - wide, x + w / 2 - wide / 2))
    const hasRoom = begin >= free && wide <= width
    if (hasRoom) free = begin + wide + apart
    return [{ finding, place, label: hasRoom ? { word, x: begin } : undefined }]
  })
}

/** About how wide a word is at 12 px: a Chinese character takes twice a Latin one. */
const widthOf = (word: string) =>
  Array.from(word).reduce((sum, one) => sum + (one > '\u2e80' ? 12.2 : 6.6), 0)
