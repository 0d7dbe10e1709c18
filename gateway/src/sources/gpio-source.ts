import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { decodeContact } from '@hours/sensing'
import type { StartSource } from '../source-runner.ts'
import { pollSource } from './poll.ts'

const run = promisify(execFile)
const timeoutMs = 2_000
const program = 'gpioget'

/**
 * Reads a dry contact at a line of a Linux GPIO character device every `everyMs`, by `gpioget` of libgpiod 1 or 2
 * (Debian package gpiod), which makes the line an input and drives nothing. Each sample is a fresh reading: no edge
 * can be missed, and a line that cannot be read has no state. Rejects where the program is missing.
 */
export const startGpio: StartSource<'gpio'> = async (context) => {
  const { chip, line, activeLow, means, everyMs } = context.source
  const args = (await versionOf()) >= 2 ? ['--numeric', '-c', chip, String(line)] : ['--', chip, String(line)]
  const ask = async () => {
    const { stdout } = await run(program, args, { timeout: timeoutMs, maxBuffer: 4_096 })
    const level = stdout.trim()
    if (level !== '0' && level !== '1')
      throw new Error(`${program} ${chip} ${line}: "${level.slice(0, 80)}" is no level`)
    return decodeContact(level === '1', context.clock.wall(), { means, activeLow })
  }
  return pollSource(context, everyMs, ask)
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
