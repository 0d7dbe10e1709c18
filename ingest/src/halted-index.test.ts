import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createManualClock } from '@hours/protocol'
import { expect, it } from 'vitest'
import {
  createTestGateway,
  enrolmentRecord,
  freshFolder,
  openIngest,
  pageMs,
  start,
  unitRecord,
} from './ingest.fixture.ts'

it('an index that has stopped with work before it tells whoever waits for it, and lets ingest close', async () => {
  const folder = freshFolder()
  const clock = createManualClock(start)
  const ingest = await openIngest(folder, clock)
  const gateway = createTestGateway('gw-1')
  await ingest.recordAll([unitRecord(), ...gateway.records(), enrolmentRecord('gw-1', 'sem-01')])
  const send = async () => {
    const payload = gateway.page({ 'sem-01': [['run', 0, pageMs]] })
    clock.advanceTo(gateway.at() + 1_000)
    await ingest.commit({ client: gateway.id, topic: gateway.topic, payload })
  }
  await send()
  await ingest.settled()
  // What a failing disk does to it, at a moment of our choosing.
  const other = new DatabaseSync(join(folder, 'index.sqlite'))
  other.exec(
    "CREATE TRIGGER broken BEFORE INSERT ON accounts BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END",
  )
  other.close()
  const sent = await Promise.allSettled([send(), send(), send()])
  await expect(ingest.settled()).rejects.toMatchObject({ code: 'log_halted' })
  expect(ingest.health().reasons.join()).toMatch(/the index stopped/)
  expect(sent.some(({ status }) => status === 'fulfilled')).toBe(true)
  await expect(ingest.settled()).rejects.toMatchObject({ code: 'log_halted' })
  await ingest.close()
  rmSync(folder, { recursive: true })
}, 10_000)
