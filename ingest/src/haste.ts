import { IngestError } from './ingest-error.ts'

/** What simulated history may leave out, as it can be played again. */
export interface Haste {
  /** False: nothing waits for the disk, so that a power cut, or a kill in the wrong moment, ends the simulation. */
  readonly survivesPowerCut: boolean
  /** At most one receipt a gateway in this time of the simulated clock, ms. */
  readonly receiptEveryMs: number
  /** The index follows by so many entries at once; asked each time, as a demo's history ends and goes on live. */
  readonly projectAtLeast: () => number
  /** Housekeeping (`time` records, sizes of the log, silence of gateways, power) is done so many times more seldom. */
  readonly seldom: number
}

/** Simulated is what the log's name says so of, and only that may be hasty; throws `bad_option`. */
export function checkHaste(asked: {
  readonly logName: string
  readonly simulated: boolean
  readonly haste?: Haste
}): void {
  const { logName, simulated, haste } = asked
  if (simulated !== logName.startsWith('demo.'))
    throw new IngestError(
      'bad_option',
      `log name "${logName}": a simulated log, and no other, begins with "demo." (records.md, section 11)`,
    )
  if (haste && !simulated)
    throw new IngestError('bad_option', 'haste: only of a simulated log; everything else is durable')
}
