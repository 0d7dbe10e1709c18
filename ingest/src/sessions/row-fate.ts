import type { RowFault, RowWarning } from './row-fault.ts'

/**
 * What becomes of a row: `accepted` is written; `repeated` is there already; `correction` is there with other values,
 * and another person has to approve the new ones; `refused` is not written, and `field`, `value`, `reason`, `fix` say why.
 */
export const fates = ['accepted', 'repeated', 'correction', 'refused'] as const
export type Fate = (typeof fates)[number]

export interface RowFate {
  /** Number of the row among the rows of data, from 1; and the line it begins at, as an editor counts. */
  readonly row: number
  readonly line: number
  readonly fate: Fate
  readonly id?: string
  readonly field?: string
  readonly value?: string
  readonly reason?: string
  readonly fix?: string
  /** All faults, where there are several. */
  readonly faults?: readonly RowFault[]
  /** What somebody should look at, though it is taken. */
  readonly warnings?: readonly RowWarning[]
}

export const refusedRow = (row: number, line: number, faults: readonly RowFault[]): RowFate => ({
  row,
  line,
  fate: 'refused',
  ...faults[0],
  ...(faults.length > 1 ? { faults } : {}),
})
