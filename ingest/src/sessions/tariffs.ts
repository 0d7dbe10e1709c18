import { HOUR, type InstrumentId, instrumentKey, type RecordOf } from '@hours/protocol'
import { createOrganisationTree, type OrganisationTree, relationAt } from '@hours/usage'
import type { Registry } from '../ports.ts'
import type { DraftItem } from './drafted.ts'
import { fault, type RowFault } from './row-fault.ts'

type Tariff = RecordOf<'tariff'>

/** Whoever writes this instead of a tariff's id wants the one that fits the beneficiary. */
export const anyTariff = new Set(['auto', '自动'])

/** What a use costs by the tariff of its instrument, for what its beneficiary is to the unit that manages it. */
export interface Tariffs {
  price(use: DraftItem, wanted: string): { readonly fen: number; readonly tariff: string } | RowFault
}

export function createTariffs(registry: Registry): Tariffs {
  const byInstrument = Map.groupBy(
    registry.records('tariff').map(({ record }) => record),
    (one) => `${one.stream}/${one.instrument}`,
  )
  let tree: OrganisationTree | undefined
  const relationOf = (unit: string, beneficiary: string, at: number) => {
    tree ??= createOrganisationTree(registry.records('organisation').map(({ record }) => record))
    return relationAt(tree, unit, beneficiary, at)
  }

  return {
    price(use, wanted) {
      const { instrument, beneficiary = '', from = 0 } = use.body
      const key = instrumentKey(use.stream, instrument as InstrumentId)
      const enrolment = registry.instrument(key)?.enrolments.findLast((one) => one.from <= from)
      const relation = enrolment && relationOf(enrolment.unit, beneficiary, from)
      const own = inForce(byInstrument.get(key) ?? [], from)
      const fitting = own.filter(
        (one) => one.relation === relation && (anyTariff.has(wanted) || one.id === wanted),
      )
      const [tariff] = fitting
      if (tariff && fitting.length === 1) return priced(tariff, use)
      const known = own.map((one) => `${one.id} (${one.relation}, by the ${one.unit})`).join(', ')
      const why =
        fitting.length > 1
          ? `several tariffs of ${key} are for ${String(relation)}`
          : `no such tariff of ${key} is for ${relation ?? 'somebody whose entity nobody knows'} at that time`
      return fault(
        'tariff',
        wanted,
        why,
        known === '' ? 'POST /api/v1/tariffs makes one' : `there are ${known}`,
      )
    },
  }
}

/** Of each id the newest that has begun. */
function inForce(all: readonly Tariff[], at: number): Tariff[] {
  const newest = new Map<string, Tariff>()
  for (const one of all)
    if (one.from <= at && one.from >= (newest.get(one.id)?.from ?? 0)) newest.set(one.id, one)
  return [...newest.values()]
}

function priced(tariff: Tariff, { body }: DraftItem): { fen: number; tariff: string } | RowFault {
  const { from = 0, to = 0 } = body
  const count = (field: string) => (typeof body[field] === 'number' ? body[field] : undefined)
  const quantity = {
    hour: (to - from) / HOUR,
    sample: count('samples'),
    shift: count('shifts'),
    core_hour: (count('coreMs') ?? Number.NaN) / HOUR,
  }[tariff.unit]
  if (quantity === undefined || Number.isNaN(quantity))
    return fault('tariff', tariff.id, `it is by the ${tariff.unit}, and the row has none`, 'add their number')
  return { fen: Math.round(quantity * tariff.fen), tariff: tariff.id }
}
