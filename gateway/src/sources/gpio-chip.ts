import { execFile } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const program = 'gpioget'
const timeoutMs = 2_000
/** Sources of one period ask within this of each other, ms. */
const gatherMs = 5

/** Reads lines of a GPIO chip; there is no function here that drives one. */
export interface GpioChip {
  /** Whether the line is high; rejects where it cannot be read. */
  read(line: number): Promise<boolean>
}

const chips = new Map<string, GpioChip>()

/** The chip at a path, by `gpioget` of libgpiod 1 or 2 (Debian package gpiod). Rejects where the program is missing. */
export async function openGpioChip(path: string): Promise<GpioChip> {
  const before = (await versionOf()) >= 2 ? ['--numeric', '-c', path] : ['--', path]
  const name = before.join(' ')
  const known = chips.get(name) ?? batched((lines) => levelsOf(before, lines))
  chips.set(name, known)
  return known
}

interface Batch {
  readonly lines: Set<number>
  readonly levels: Promise<ReadonlyMap<number, boolean>>
}

/** Lines asked for within `gatherMs`, or while a call runs, are read by one call: starting a program is what costs. */
function batched(readAll: (lines: readonly number[]) => Promise<boolean[]>): GpioChip {
  let waiting: Batch | undefined
  let tail: Promise<unknown> = Promise.resolve()

  function begin(): Batch {
    const lines = new Set<number>()
    const levels = (async () => {
      await tail
      await setTimeout(gatherMs)
      waiting = undefined
      const asked = [...lines].sort((a, b) => a - b)
      const read = await readAll(asked)
      return new Map(asked.map((line, i) => [line, read[i] === true] as const))
    })()
    tail = levels.catch(() => undefined)
    return { lines, levels }
  }

  return {
    async read(line) {
      const { lines, levels } = (waiting ??= begin())
      lines.add(line)
      try {
        return (await levels).get(line) === true
      } catch (error) {
        if (lines.size === 1) throw error
        // One line that cannot be read fails the whole call; each is asked by itself then.
        return (await readAll([line]))[0] === true
      }
    },
  }
}

async function levelsOf(before: readonly string[], lines: readonly number[]): Promise<boolean[]> {
  const args = [...before, ...lines.map(String)]
  const { stdout } = await run(program, args, { timeout: timeoutMs, maxBuffer: 4_096 })
  const words = stdout.trim().split(/\s+/)
  if (words.length !== lines.length || words.some((word) => word !== '0' && word !== '1'))
    throw new Error(`${program} ${args.join(' ')}: "${stdout.trim().slice(0, 80)}" is no level`)
  return words.map((word) => word === '1')
}

/** Major version of libgpiod: 2 wants the chip as an option. */
async function versionOf(): Promise<number> {
  try {
    const { stdout } = await run(program, ['--version'], { timeout: timeoutMs })
    return Number(/\bv(\d+)\./.exec(stdout)?.[1] ?? 1)
  } catch (cause) {
    throw new Error(`${program} cannot be run. Fix: install the Debian package gpiod.`, { cause })
  }
}
