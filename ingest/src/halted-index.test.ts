import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { closeTestSite, openTestSite, run } from './ingest.fixture.ts'

it('an index that has stopped with work before it tells whoever waits for it, and lets ingest close', async () => {
  const { dataDir, clock, gateway, ingest } = await openTestSite()
  const send = async () => {
    const payload = gateway.page({ 'sem-01': run })
    clock.advanceTo(gateway.at() + 1_000)
    await ingest.commit({ client: gateway.id, topic: gateway.topic, payload })
  }
  await send()
  await ingest.settled()
  // What a failing disk does to it, at a moment of our choosing.
  const other = new DatabaseSync(join(dataDir, 'index.sqlite'))
  other.exec(
    "CREATE TRIGGER broken BEFORE INSERT ON accounts BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END",
  )
  other.close()
  const sent = await Promise.allSettled([send(), send(), send()])
  await expect(ingest.settled()).rejects.toMatchObject({ code: 'log_halted' })
  expect(ingest.health().reasons.join()).toMatch(/the index stopped/)
  expect(sent.some(({ status }) => status === 'fulfilled')).toBe(true)
  await expect(ingest.settled()).rejects.toMatchObject({ code: 'log_halted' })
  await closeTestSite({ dataDir, ingest })
}, 10_000)
