import type { RecordKind, RecordOf } from '@hours/protocol'
import {
  type CountedRecords,
  createOrganisationTree,
  isSessionPart,
  type OrganisationTree,
  setRecords,
} from '@hours/usage'
import { contestedBookings } from '../registry/contested.ts'
import { countedPartsOf, countedSessions } from '../registry/counted.ts'
import type { RegistryWriter } from '../registry/registry.ts'
import { setsOf } from '../registry/sets.ts'

/** Records of each instrument that are counted, not measured, by `site/instrument`. */
export interface RecordsByInstrument {
  of(key: string): CountedRecords
  /** The same with those of its parts (`setRecords`). */
  ofSet(key: string): CountedRecords
  /** What was reserved (cancelled ones left out), serviced, and claimed without a sensor. */
  planned(key: string): PlannedRecords
  tree(): OrganisationTree
  /** Whether the instrument has opening hours that begin before `to`. */
  isScheduled(key: string, to: number): boolean
}

export interface PlannedRecords {
  readonly bookings: readonly (RecordOf<'booking'> & { readonly contested: boolean })[]
  readonly maintenance: readonly RecordOf<'maintenance'>[]
  readonly claims: readonly RecordOf<'claim'>[]
}

type About =
  | 'session'
  | 'charge'
  | 'voucher'
  | 'subsidy'
  | 'compute'
  | 'training'
  | 'achievement'
  | 'rating'
  | 'claim'

type Listed<K extends RecordKind> = readonly { readonly record: RecordOf<K> }[]

/** The registry hands out the same list until a record changes it: each is grouped once. */
export function createRecordsByInstrument(
  registry: Pick<RegistryWriter, 'records' | 'voided' | 'instruments'>,
): RecordsByInstrument {
  const listed = <K extends RecordKind>(kind: K): Listed<K> => {
    if (kind === 'session') return countedSessions(registry) as unknown as Listed<K>
    return isSessionPart(kind) ? countedPartsOf(registry, kind) : registry.records(kind)
  }
  const grouped = new WeakMap<object, Map<string, unknown[]>>()
  let tree: { from: unknown; tree: OrganisationTree } | undefined

  function groups<K extends About | 'schedule' | 'booking' | 'maintenance'>(
    kind: K,
  ): Map<string, RecordOf<K>[]> {
    const list = listed(kind)
    // Put there below, by this very kind.
    const known = grouped.get(list) as Map<string, RecordOf<K>[]> | undefined
    if (known) return known
    const made = new Map<string, RecordOf<K>[]>()
    for (const { record } of list) {
      const { stream, instrument } = record as { stream: string; instrument: string }
      const key = `${stream}/${instrument}`
      const group = made.get(key)
      if (group) group.push(record)
      else made.set(key, [record])
    }
    grouped.set(list, made)
    return made
  }

  const contested = contestedBookings(registry)
  const of = <K extends About>(kind: K, key: string): readonly RecordOf<K>[] => groups(kind).get(key) ?? []

  const all = (key: string): CountedRecords => ({
    sessions: of('session', key),
    charges: of('charge', key),
    vouchers: of('voucher', key),
    subsidies: of('subsidy', key),
    compute: of('compute', key),
    trainings: of('training', key),
    achievements: of('achievement', key),
    ratings: of('rating', key),
    claims: of('claim', key),
  })

  return {
    of: all,
    ofSet: (key) => setRecords(key, setsOf(registry), all),
    planned: (key) => ({
      bookings: (groups('booking').get(key) ?? [])
        .filter(({ cancelled }) => cancelled !== true)
        .map((one) => ({ ...one, contested: contested().has(one) })),
      maintenance: groups('maintenance').get(key) ?? [],
      claims: groups('claim').get(key) ?? [],
    }),
    tree() {
      const from = registry.records('organisation')
      if (tree?.from !== from) tree = { from, tree: createOrganisationTree(from.map(({ record }) => record)) }
      return tree.tree
    },
    isScheduled(key, to) {
      const site = key.split('/', 1)[0] ?? ''
      const schedules = groups('schedule')
      return [key, `${site}/*`].some((name) => schedules.get(name)?.some(({ from }) => from < to) ?? false)
    },
  }
}
