import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DAY, type InstrumentKey, type Millis, MINUTE, systemClock } from '@hours/protocol'
import { IngestError } from './ingest-error.ts'
import type { PowerStore } from './ports.ts'
import { createPowerStore } from './power-store.ts'

/** Power of one step, mW, at its begin (Unix ms). */
export type KeptStep = ReturnType<PowerStore['read']>[number]

/** What a store keeps of [from, to) in steps, read a day at a time: a year is half a million minutes. */
export function* keptSteps(
  power: Pick<PowerStore, 'read'>,
  key: InstrumentKey,
  { from, to, step = MINUTE }: { readonly from: Millis; readonly to: Millis; readonly step?: Millis },
): Generator<KeptStep> {
  const stride = Math.max(step, DAY - (DAY % step))
  for (let at = from; at < to; at += stride) yield* power.read(key, at, Math.min(to, at + stride), step)
}

/** The minutes of power that a site keeps, read beside whatever runs on its folder. */
export interface KeptPower {
  /** Instruments with minutes, as `site/instrument`. */
  instruments(): string[]
  minutes(key: string, from: Millis, to: Millis): Generator<KeptStep>
  close(): void
}

/** Opens what `dataDir` keeps, to read only. Throws IngestError `bad_option` where there is nothing. */
export function openKeptPower(dataDir: string): KeptPower {
  const path = join(dataDir, 'operations.sqlite')
  if (!existsSync(path))
    throw new IngestError('bad_option', `--data: ${dataDir} is no site. Fix: the data folder of an ingest.`)
  const db = new DatabaseSync(path, { readOnly: true })
  const power = createPowerStore(db, systemClock)
  return {
    instruments: () =>
      db
        .prepare('SELECT instrument FROM power UNION SELECT instrument FROM power_recent ORDER BY 1')
        .all()
        .map(({ instrument }) => String(instrument)),
    minutes: (key, from, to) => keptSteps(power, key as InstrumentKey, { from, to }),
    close: () => db.close(),
  }
}
