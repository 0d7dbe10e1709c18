import { closeSync, openSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { closeTestSite, openIngest, openTestSite, run } from './ingest.fixture.ts'

/** A site with one page, and the next one. */
async function openSite() {
  const site = await openTestSite()
  const { clock, gateway } = site
  const next = () => {
    const payload = gateway.page({ 'sem-01': run })
    clock.advanceTo(gateway.at() + 1_000)
    return { client: gateway.id, topic: gateway.topic, payload }
  }
  await site.ingest.commit(next())
  await site.ingest.settled()
  return { ...site, second: next() }
}

it('damage that SQLite meets while ingest runs halts it by name, and the next start makes the index again', async () => {
  const site = await openSite()
  const { dataDir, clock, ingest, gateway, second } = site
  const other = new DatabaseSync(join(dataDir, 'index.sqlite'))
  other.enableDefensive(false)
  other.exec(
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 900000 WHERE name = 'accounts'",
  )
  const { schema_version: version } = other.prepare('PRAGMA schema_version').get() ?? {}
  other.exec(`PRAGMA schema_version = ${Number(version) + 1}`)
  other.close()
  await expect(ingest.commit(second)).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(/index\.sqlite: malformed.*Fix: start again/) as string,
  })
  expect(ingest.halted()).toMatch(/index\.sqlite: malformed/)
  expect(ingest.health().reasons.join()).toMatch(/index\.sqlite: .*Fix: /)
  await ingest.close()
  const again = await openIngest(dataDir, clock)
  await again.commit(second)
  await again.settled()
  expect(again.index.gatewayCounts(gateway.id)).toMatchObject({ through: 1, missing: 0 })
  expect(again.health()).toEqual({ ok: true, reasons: [] })
  await closeTestSite({ dataDir, ingest: again })
})

it('damage in an index too large to be looked through at the start is met when it is read, and costs no start', async () => {
  const site = await openSite()
  const { dataDir, clock, gateway } = site
  await site.ingest.close()
  const path = join(dataDir, 'index.sqlite')
  const db = new DatabaseSync(path)
  const pageSize = Number(db.prepare('PRAGMA page_size').get()?.['page_size'])
  const root = Number(
    db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'records'").get()?.['rootpage'],
  )
  db.close()
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(pageSize, 0xff), 0, pageSize, (root - 1) * pageSize)
  closeSync(file)
  truncateSync(path, 65 * 1024 * 1024)
  const again = await openIngest(dataDir, clock)
  expect(again.index.gatewayCounts(gateway.id)).toMatchObject({ through: 0, received: 1, missing: 0 })
  await closeTestSite({ dataDir, ingest: again })
})
