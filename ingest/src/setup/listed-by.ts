/** Lists by a key, kept as long as the list is the same one: the registry hands out the same until a record changes it. */
export function createListedBy<T>(
  keyOf: (one: T) => string,
): (list: readonly T[], key: string) => readonly T[] {
  const kept = new WeakMap<readonly T[], ReadonlyMap<string, readonly T[]>>()
  return (list, key) => {
    const made = kept.get(list) ?? Map.groupBy(list, keyOf)
    kept.set(list, made)
    return made.get(key) ?? []
  }
}
