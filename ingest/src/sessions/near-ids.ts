/** Known ids that `wanted` may be meant for, the nearest first; at most `limit`. */
export function nearIds(wanted: string, known: Iterable<string>, limit = 3): string[] {
  const text = wanted.toLowerCase().slice(0, 90)
  const reach = Math.max(2, Math.floor(text.length / 3))
  const near: { id: string; steps: number }[] = []
  for (const id of known) {
    const whole = distance(text, id, reach)
    // Somebody who writes `sem-1` for `gz-gibh/sem-01` left out the site.
    const steps = Math.min(whole, distance(text.split('/').at(-1) ?? '', id.split('/').at(-1) ?? '', reach))
    if (steps <= reach) near.push({ id, steps })
  }
  near.sort((a, b) => a.steps - b.steps || (a.id < b.id ? -1 : 1))
  // What is much farther than the nearest is not what was meant.
  const best = near[0]?.steps ?? 0
  return near
    .filter(({ steps }) => steps <= best + 1)
    .slice(0, limit)
    .map(({ id }) => id)
}

/** Levenshtein distance, given up beyond `reach`. */
function distance(a: string, b: string, reach: number): number {
  if (Math.abs(a.length - b.length) > reach) return reach + 1
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let k = 1; k <= b.length; k++)
      next.push(
        Math.min(
          (row[k] ?? 0) + 1,
          (next[k - 1] ?? 0) + 1,
          (row[k - 1] ?? 0) + (a[i - 1] === b[k - 1] ? 0 : 1),
        ),
      )
    row = next
  }
  return row[b.length] ?? reach + 1
}

/** `did you mean a, b?`, or nothing. */
export const suggestion = (near: readonly string[]): string =>
  near.length > 0 ? `did you mean ${near.join(', ')}?` : ''
