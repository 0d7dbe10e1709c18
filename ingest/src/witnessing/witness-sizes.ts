import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCheckpoint, parseNote } from '@hours/ledger'
import type { KnownHead } from '../log/rollback.ts'
import { askWitness, type Witness } from './witness-client.ts'

/**
 * What the witnesses have seen of the logs in `directory`, before anything is signed: each is shown the checkpoint on
 * disk as if it were the first, and names the size it has (evidence.md, section 3). One that does not answer is given
 * to `unheard` and not waited for: a witness that is down must not stop the measuring.
 */
export async function witnessSizes(
  directory: string,
  witnesses: readonly Witness[],
  unheard: (witness: Witness, reason: string) => void,
): Promise<KnownHead[]> {
  const notes = checkpointsIn(directory)
  const asked = notes.flatMap(({ origin, note }) =>
    witnesses.map(async (witness): Promise<KnownHead[]> => {
      const reply = await askWitness(witness, { old: 0, proof: [], checkpoint: note })
      if (reply.kind === 'size') return [{ origin, size: reply.size, by: `witness ${witness.name}` }]
      if (reply.kind !== 'cosigned') unheard(witness, reply.reason)
      return []
    }),
  )
  return (await Promise.all(asked)).flat()
}

function checkpointsIn(directory: string): { origin: string; note: string }[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\d{4}$/.test(entry.name))
    .flatMap(({ name }) => {
      const note = textOf(join(directory, name, 'checkpoint'))
      const parsed = note === undefined ? undefined : parseNote(note)
      const checkpoint = parsed?.ok === true ? parseCheckpoint(parsed.value.text) : undefined
      // A damaged checkpoint is for recovery to name.
      return note === undefined || checkpoint?.ok !== true ? [] : [{ origin: checkpoint.value.origin, note }]
    })
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
