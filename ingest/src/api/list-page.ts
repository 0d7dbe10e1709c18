import { z } from 'zod'
import { badField } from './problem.ts'

/** How a list is asked for, `format` included; `usual` rows where nothing is said, `most` at once. */
export const pageFields = ({ usual, most }: { readonly usual: number; readonly most: number }) => ({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(most)
    .optional()
    .describe(`rows of one answer, at most ${most}; default ${usual}, and for CSV without a cursor all rows`),
  cursor: z.string().max(80).optional().describe('`next` of the page before (CSV: header x-next-cursor)'),
  format: z.enum(['json', 'csv']).optional(),
})

export interface Asked {
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

/** Rows of this answer: a table that is asked for as a whole is never cut (a ministry's CSV of 9,900 sets has as many rows). */
export const rowsWanted = ({ limit, cursor }: Asked, usual: number, isCsv: boolean): number =>
  limit ?? (isCsv && cursor === undefined ? Number.POSITIVE_INFINITY : usual)

/** Where a page of a list is: rows before it, and the cursors of its neighbours. */
export const placeFields = {
  offset: z.int().describe('rows before the first of these'),
  previous: z
    .string()
    .nullable()
    .describe('`cursor` of the page before, which is the first one without a cursor'),
  next: z.string().nullable().describe('`cursor` of the page after this one'),
}
export type ListPlace = z.infer<z.ZodObject<typeof placeFields>>

/** A page of a list in memory; its cursor is the number of rows before it. Refuses a cursor that is none of ours. */
export function pageIn<T>(
  list: readonly T[],
  asked: Asked,
  { usual, isCsv }: { readonly usual: number; readonly isCsv: boolean },
): ListPlace & { readonly items: readonly T[] } {
  const offset = offsetOf(asked.cursor)
  const wanted = rowsWanted(asked, usual, isCsv)
  const end = offset + wanted
  return {
    items: list.slice(offset, end),
    offset,
    previous: offset > 0 ? String(Math.max(0, offset - wanted)) : null,
    next: end < list.length ? String(end) : null,
  }
}

function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  if (!/^\d{1,9}$/.test(cursor)) throw badField('cursor', cursor, 'use `next` of the page before')
  return Number(cursor)
}
