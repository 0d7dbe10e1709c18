import { rmSync } from 'node:fs'
import { createManualClock, MINUTE } from '@hours/protocol'
import { mostAtOnce } from '@hours/usage'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enrolmentRecord, freshFolder, openIngest, start, unitRecord } from '../ingest.fixture.ts'
import type { RunningIngest } from '../running-ingest.ts'
import { readCsv } from './read-csv.ts'

const rows = 100_000
const folder = freshFolder()
let ingest: RunningIngest

beforeAll(async () => {
  const clock = createManualClock(start)
  ingest = await openIngest(folder, clock)
  await ingest.recordAll([unitRecord(), enrolmentRecord('gw-1', 'sem-01'), enrolmentRecord('gw-1', 'nmr-01')])
  clock.advanceTo(start + rows * MINUTE)
})
afterAll(async () => {
  await ingest.close()
  rmSync(folder, { recursive: true, force: true })
})

const iso = (at: number) => new Date(at).toISOString().slice(0, 19)
function file(line: (i: number) => [from: number, to: number], length = rows): string {
  const lines = Array.from({ length }, (_, i) => {
    const [from, to] = line(i)
    return `gz-gibh/sem-01,${iso(from)}Z,${iso(to)}Z,user ${i % 500},gibh,research,x${i}`
  })
  return `instrument,from,to,user,beneficiary,purpose,id\n${lines.join('\n')}\n`
}

async function judged(text: string) {
  const read = readCsv(text, { now: start })
  if (!read.ok) throw new Error(read.error.message)
  const began = performance.now()
  let longest = 0
  let last = began
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  const sender = { actor: 'test', registry: ingest.registry }
  const { counts } = await ingest.intake.take(read.value.rows, sender, { dryRun: true })
  clearInterval(beat)
  return { counts, seconds: (performance.now() - began) / 1_000, longest }
}

describe('a hundred thousand rows', () => {
  it('one after the other are judged in bounded time, and others get their turn meanwhile', async () => {
    const { counts, seconds, longest } = await judged(
      file((i) => [start + i * MINUTE, start + (i + 1) * MINUTE]),
    )
    console.log(`100k rows: ${seconds.toFixed(1)} s, longest hold ${longest.toFixed(0)} ms`)
    expect(counts).toEqual({ accepted: rows, repeated: 0, correction: 0, refused: 0 })
    expect(seconds).toBeLessThan(60)
    expect(longest).toBeLessThan(2_000)
  })

  it('that all overlap, in any order, and one as long as all of them take no longer', async () => {
    const { counts, seconds } = await judged(
      file((i) => {
        const from = start + ((i * 7_919) % rows) * 10_000
        return i === 0 ? [start, start + rows * 10_000] : [from, from + 30 * MINUTE]
      }),
    )
    console.log(`100k overlapping rows: ${seconds.toFixed(1)} s`)
    expect(counts.accepted).toBe(rows)
    expect(seconds).toBeLessThan(60)
  })

  it('of which hundreds claim each instant are refused beyond those that can share it, as quickly', async () => {
    const some = rows / 5
    const { counts, seconds, longest } = await judged(
      file((i) => {
        const from = start + ((i * 7_919) % some) * 1_000
        // Half of them last as long as all together.
        return i % 2 === 0 ? [start, start + some * 1_000 + i] : [from, from + 150_000]
      }, some),
    )
    console.log(`20k crowded rows: ${seconds.toFixed(1)} s, longest hold ${longest.toFixed(0)} ms`)
    expect(counts.refused + counts.accepted).toBe(some)
    expect(counts.accepted).toBeGreaterThanOrEqual(mostAtOnce)
    expect(counts.refused).toBeGreaterThan(some / 2)
    expect(longest).toBeLessThan(2_000)
  })
})
