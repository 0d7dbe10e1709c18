import type { Position } from '../ports.ts'

/** The index knows an entry a little after the log does; so many of the newest are remembered here. */
const kept = 200_000

/**
 * Where entries stand, so that the same bytes again get the same position (evidence.md, decision 6). Without an index
 * to ask (`find`) nothing is ever forgotten.
 */
export function createRecent(find?: (digest: string) => Position | undefined) {
  const landed = new Map<string, Position>()
  const pending = new Map<string, Promise<Position>>()
  return {
    find: (digest: string): Position | undefined => landed.get(digest) ?? find?.(digest),
    pending: (digest: string) => pending.get(digest),
    pend(digest: string, position: Promise<Position>): void {
      pending.set(digest, position)
      // A publish that fails leaves the bytes free to be appended again.
      position.catch(() => undefined).finally(() => pending.delete(digest))
    },
    landed(digest: string, position: Position): void {
      landed.set(digest, position)
      const oldest = find && landed.size > kept ? landed.keys().next().value : undefined
      if (oldest !== undefined) landed.delete(oldest)
    },
  }
}
