import type { Calibration } from './calibration.ts'
import type { Grid } from './power-grid.ts'
import type { PowerLevel } from './power-levels.ts'

/** How many of the levels, from below, are off. `calm`: 1 for each cell that stays on one level for minutes. */
export const countOff = (levels: readonly PowerLevel[], grid: Grid, calm: Uint8Array): number =>
  levels.filter((level, i) => (i === 0 ? isLeast(levels, level) : isNoise(levels, level, grid, calm))).length

const loadOf = (levels: readonly PowerLevel[]): number => levels.at(-1)?.watts ?? 0

/** A plug's own noise, or what its clamp is out: a watt, or a hundredth of the machine's load up to 5 W. */
const isLeast = (levels: readonly PowerLevel[], { watts }: PowerLevel): boolean =>
  watts <= Math.max(1, Math.min(5, 0.01 * loadOf(levels)))

/** Above the lowest level: noise about zero comes and goes, a watt that stays for minutes is standby. */
function isNoise(levels: readonly PowerLevel[], level: PowerLevel, grid: Grid, calm: Uint8Array): boolean {
  if (level.watts > 1) return false
  return !isHeld(level, grid, calm) || (level.watts < 0.995 && level.watts <= 0.02 * loadOf(levels))
}

function isHeld({ low, high }: PowerLevel, grid: Grid, calm: Uint8Array): boolean {
  let [all, still] = [0, 0]
  for (const [cell, w] of grid.watts.entries())
    if (w >= low && w <= high) {
      all += 1
      still += calm[cell] ?? 0
    }
  return 2 * still > all
}

/** Levels with what they mean when run begins at the level `split`; -1 where nothing is run. */
export function named(levels: readonly PowerLevel[], offCount: number, split: number): Calibration['levels'] {
  const means = (i: number) => {
    if (i < offCount) return 'off'
    if (split < 0) return 'powered'
    return i < split ? 'standby' : 'run'
  }
  return levels.map((level, i) => ({ ...level, means: means(i) }))
}
