import { writeSync } from 'node:fs'
import { entryOf, openTestLog } from './log-writer.fixture.ts'

/** Appends until it is killed; each line on stdout names an entry that was acknowledged. */
const [, , directory = '', from = '0'] = process.argv
const log = await openTestLog(directory)
let next = Number(from)
async function appendForEver(): Promise<void> {
  for (;;) {
    const i = next++
    const [position] = await log.append([entryOf(i)])
    if (position) writeSync(1, `${i} ${position.year} ${position.index}\n`)
  }
}
await Promise.all(Array.from({ length: 20 }, appendForEver))
