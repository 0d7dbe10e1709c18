import { setImmediate as turn } from 'node:timers/promises'
import type { Millis } from '@hours/protocol'
import type { Reach } from '../access/reach.ts'
import { fault, type RowFault } from '../sessions/row-fault.ts'
import type { RecordItem } from '../write-records.ts'
import { type JudgedRow, judgeRow } from './judge-row.ts'
import { planned } from './planned.ts'
import type { RegistryFile } from './read-registry.ts'

/** `new` and `changed` are written, `same` stands already, `refused` says why not. */
export const registryFates = ['new', 'same', 'changed', 'refused'] as const

export interface RegistryFate {
  readonly row: number
  readonly line: number
  readonly about: string
  readonly fate: (typeof registryFates)[number]
  /** Fields that are other than what stands. */
  readonly changes?: readonly string[]
  readonly faults?: readonly RowFault[]
}

export interface RegistryPlan {
  readonly fates: readonly RegistryFate[]
  readonly items: readonly RecordItem[]
  /** How instruments that were taken are sensed, where the file says so. */
  readonly sensed: readonly NonNullable<JudgedRow['settings']>[]
}

const maxRows = 20_000
/** Rows between two turns of the event loop. */
const rowsATurn = 100

/** Judges the rows of a register one after the other, each knowing of those before; writes nothing. */
export async function planRegistry(file: RegistryFile, reach: Reach, now: Millis): Promise<RegistryPlan> {
  const ahead = planned(reach)
  const items: RecordItem[] = []
  const fates: RegistryFate[] = []
  const sensed: NonNullable<JudgedRow['settings']>[] = []
  const seen = new Set<string>()
  for await (const row of file.rows) {
    const number = fates.length + 1
    const about = { row: number, line: row.line }
    if (number > maxRows) {
      fates.push({ ...about, about: '', fate: 'refused', faults: [tooMany] })
      break
    }
    const { judged, about: subject, settings } = judgeRow(file.kind, row, ahead, now)
    const twice = file.kind === 'instrument' && seen.has(subject)
    if (!judged.ok || twice) {
      const faults = judged.ok ? [saidTwice(subject)] : judged.faults
      fates.push({ ...about, about: subject, fate: 'refused', faults })
    } else {
      seen.add(subject)
      for (const one of judged.items) ahead.plan(one)
      items.push(...judged.items)
      if (settings) sensed.push(settings)
      const { fate, changes } = judged
      fates.push({ ...about, about: subject, fate, ...(changes ? { changes } : {}) })
    }
    if (number % rowsATurn === 0) await turn()
  }
  return { fates, items, sensed }
}

const tooMany = fault(
  'file',
  '',
  `more than ${maxRows} rows; this row and those after it were not read`,
  'send the rest as another file',
)
const saidTwice = (subject: string) =>
  fault('instrument', subject, 'another row of this file is about it', 'keep one of them')
