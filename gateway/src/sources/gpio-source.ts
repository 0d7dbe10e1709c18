import { decodeContact } from '@hours/sensing'
import type { StartSource } from '../source-runner.ts'
import { openGpioChip } from './gpio-chip.ts'
import { pollSource } from './poll.ts'

/**
 * Reads a dry contact at a line of a Linux GPIO character device every `everyMs`; the line is made an input and nothing
 * is driven. Each sample is a fresh reading of the level, so a missed edge never leaves a wrong state behind; a contact that
 * closes and opens between two readings is not seen. A line that cannot be read has no state.
 */
export const startGpio: StartSource<'gpio'> = async (context) => {
  const { chip: path, line, activeLow, means, everyMs } = context.source
  const chip = await openGpioChip(path)
  const ask = async () => decodeContact(await chip.read(line), context.clock.wall(), { means, activeLow })
  return pollSource(context, everyMs, ask)
}
