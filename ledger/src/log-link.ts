import type { RecordOf } from '@hours/protocol'
import type { Checkpoint } from './checkpoint.ts'
import { formatBase64 } from './codecs.ts'

/** Whether an `opening` names this as the end of the log before it; null where there is none before. */
export function isLinked(
  named: RecordOf<'opening'>['previous'],
  before: Pick<Checkpoint, 'origin' | 'size' | 'root'> | undefined,
): boolean {
  if (named === null || before === undefined) return named === null && before === undefined
  const { origin, size, root } = before
  return named.origin === origin && named.size === size && named.root === formatBase64(root)
}
