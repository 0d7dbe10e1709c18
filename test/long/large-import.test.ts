import { rmSync } from 'node:fs'
import { createManualClock, MINUTE } from '@hours/protocol'
import { expect, it } from 'vitest'
import {
  enrolmentRecord,
  freshFolder,
  openIngest,
  start,
  unitRecord,
} from '../../ingest/src/ingest.fixture.ts'
import { readCsv } from '../../ingest/src/sessions/read-csv.ts'

const rows = 100_000
const iso = (at: number) => new Date(at).toISOString().slice(0, 19)
const line = (_: unknown, i: number) =>
  `gz-gibh/sem-01,${iso(start + i * MINUTE)}Z,${iso(start + (i + 1) * MINUTE)}Z,user ${i % 500},gibh,research,x${i}`
const text = `instrument,from,to,user,beneficiary,purpose,id\n${Array.from({ length: rows }, line).join('\n')}\n`

it('a hundred thousand rows are written, and written again without a new record, in bounded memory', async () => {
  const folder = freshFolder()
  const clock = createManualClock(start)
  const ingest = await openIngest(folder, clock)
  await ingest.recordAll([unitRecord(), enrolmentRecord('gw-1', 'sem-01')])
  clock.advanceTo(start + rows * MINUTE)
  const take = async () => {
    const read = readCsv(text, { now: start })
    if (!read.ok) throw new Error(read.error.message)
    const began = performance.now()
    const sender = { actor: 'test', registry: ingest.registry }
    const { counts } = await ingest.intake.take(read.value.rows, sender)
    return { counts, seconds: (performance.now() - began) / 1_000 }
  }
  const first = await take()
  const size = ingest.log.size()
  const again = await take()
  const rss = process.memoryUsage.rss() / 1024 / 1024
  console.log(
    `written in ${first.seconds.toFixed(0)} s, known again in ${again.seconds.toFixed(0)} s, rss ${rss.toFixed(0)} MB`,
  )
  expect(first.counts.accepted).toBe(rows)
  expect(again.counts.repeated).toBe(rows)
  expect(ingest.log.size() - size).toBeLessThan(10)
  expect(rss).toBeLessThan(2_000)
  await ingest.close()
  rmSync(folder, { recursive: true, force: true })
}, 600_000)
