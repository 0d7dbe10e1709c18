import type { RecordOf } from '@hours/protocol'
import type { Registry } from '../ports.ts'
import type { DraftKind } from './drafted.ts'

/** A standing record as lists give it: with its instrument's key, and its hash for corrections. */
export interface ListedRecord {
  readonly key: string
  /** Where it is in time: `from`, or `at` where it has no length. */
  readonly begin: number
  readonly end: number
  readonly hash: string
  readonly record: RecordOf<DraftKind>
}

const cache = new WeakMap<object, readonly ListedRecord[]>()

/** Standing records of a kind in order of time; the registry's list is the same object until a record changes it. */
export function listedRecords(registry: Registry, kind: DraftKind): readonly ListedRecord[] {
  const all = registry.records(kind)
  const known = cache.get(all)
  if (known) return known
  const listed = all
    .map(({ record, hash }): ListedRecord => {
      const begin = 'from' in record ? record.from : record.at
      const end = 'to' in record ? record.to : begin + 1
      return { key: `${record.stream}/${record.instrument}`, begin, end, hash, record }
    })
    .sort(inOrder)
  cache.set(all, listed)
  return listed
}

type Place = Pick<ListedRecord, 'begin' | 'hash'>
const inOrder = (a: Place, b: Place) => a.begin - b.begin || (a.hash < b.hash ? -1 : 1)

export interface RecordPage {
  readonly items: readonly ListedRecord[]
  readonly next: string | null
}

/** The next `limit` that `wanted` takes, behind the cursor; undefined when the cursor is none of ours. */
export function pageOf(
  listed: readonly ListedRecord[],
  options: {
    readonly limit: number
    readonly cursor?: string | undefined
    wanted(one: ListedRecord): boolean
  },
): RecordPage | undefined {
  const after = options.cursor === undefined ? undefined : placeOf(options.cursor)
  if (options.cursor !== undefined && !after) return undefined
  const items: ListedRecord[] = []
  for (let i = after ? firstAfter(listed, after) : 0, one = listed[i]; one; one = listed[++i]) {
    if (!options.wanted(one)) continue
    if (items.length === options.limit) {
      const last = items.at(-1)
      return { items, next: last ? `${last.begin}.${last.hash}` : null }
    }
    items.push(one)
  }
  return { items, next: null }
}

/** A cursor is a place in time, not a number of rows: what is added meanwhile shifts nothing. */
function placeOf(cursor: string): Place | undefined {
  const parts = /^(\d{1,15})\.([A-Za-z0-9_-]{43})$/.exec(cursor)
  return parts ? { begin: Number(parts[1]), hash: parts[2] ?? '' } : undefined
}

function firstAfter(listed: readonly ListedRecord[], place: Place): number {
  let [low, high] = [0, listed.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const one = listed[middle]
    if (one && inOrder(one, place) <= 0 && one.hash !== place.hash) low = middle + 1
    else if (one?.hash === place.hash && one.begin === place.begin) return middle + 1
    else high = middle
  }
  return low
}
