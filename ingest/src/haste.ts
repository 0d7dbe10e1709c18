/** What simulated history may leave out, as it can be played again. */
export interface Haste {
  /** False: nothing waits for the disk, so that a power cut, or a kill in the wrong moment, ends the simulation. */
  readonly survivesPowerCut: boolean
  /** At most one receipt a gateway in this time of the simulated clock, ms. */
  readonly receiptEveryMs: number
  /** The index follows by so many entries at once. */
  readonly projectAtLeast: number
  /** Housekeeping (`time` records, sizes of the log, silence of gateways, power) is done so many times more seldom. */
  readonly seldom: number
}
