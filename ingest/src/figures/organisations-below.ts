import type { RecordOf } from '@hours/protocol'

/** These organisations and all that have ever stood below them, whatever the date. */
export function organisationsBelow(
  records: readonly { readonly record: RecordOf<'organisation'> }[],
  roots: ReadonlySet<string>,
): ReadonlySet<string> {
  const children = Map.groupBy(records, ({ record }): string => record.parent ?? '')
  const below = new Set(roots)
  for (const id of below) for (const { record } of children.get(id) ?? []) below.add(record.id)
  return below
}
