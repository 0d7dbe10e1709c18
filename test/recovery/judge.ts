import { readFileSync } from 'node:fs'
import { parseRecord, recordDigest } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { openLogReader, reconcile } from '@hours/ingest'
import { instrumentKey, type InstrumentId } from '@hours/protocol'
import { expect } from 'vitest'
import { site } from '../../ingest/src/ingest.fixture.ts'
import { type Publisher, publisherInstruments } from './publisher.ts'
import { openSite } from './site.ts'

/** Nothing that was acknowledged is missing, and every figure is what the publishers know, to the millisecond. */
export async function judge(dataDir: string, publishers: readonly Publisher[]): Promise<void> {
  const ingest = await openSite(dataDir)
  try {
    await ingest.settled()
    const logged = new Set<string>()
    for (const { bytes } of ingest.log.entries()) logged.add(recordDigest(bytes, nodeCrypto.sha256))
    for (const publisher of publishers) {
      const { gateway } = publisher
      const { made } = publisher.counts()
      expect(publisher.alarms, `${gateway.id}: receipts`).toEqual([])
      expect(publisher.refusals, `${gateway.id}: refusals`).toEqual([])
      expect(publisher.acknowledged().difference(logged).size, `${gateway.id}: acknowledged and lost`).toBe(0)
      expect(ingest.index.gatewayCounts(gateway.id)).toMatchObject({
        received: made,
        missing: 0,
        rejected: 0,
      })
      for (const name of publisherInstruments(gateway.id)) {
        const key = instrumentKey(site, name as InstrumentId)
        expect(ingest.index.spans(key, publisher.from, gateway.at()), name).toEqual(publisher.truth(name))
      }
    }
  } finally {
    await ingest.close()
  }
  expect((await reconcile(dataDir)).differences).toEqual([])
}

/** Digests of the pages below the checkpoint, read by a stranger who mends and writes nothing. */
export function loggedPages(dataDir: string): Set<string> {
  const logged = new Set<string>()
  for (const { bytes } of openLogReader(`${dataDir}/log`).read()) {
    const record = parseRecord(bytes)
    if (record.ok && record.value.kind === 'page') logged.add(recordDigest(bytes, nodeCrypto.sha256))
  }
  return logged
}

/** Size of the newest year's log as its checkpoint on disk signs it. */
export const signedSize = (dataDir: string, year = new Date().getUTCFullYear()): number =>
  Number(readFileSync(`${dataDir}/log/${year}/checkpoint`, 'utf8').split('\n')[1])
