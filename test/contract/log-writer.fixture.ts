import { openEvidenceLog, type EvidenceLogOptions } from '@hours/ingest'
import { signerFromSeed } from '@hours/ledger/node'
import { systemClock } from '@hours/protocol'

const utf8 = new TextEncoder()

/** The log's key in these tests. */
export const logSigner = signerFromSeed(new Uint8Array(32).fill(7), 'log#1')

/** A log in `directory` whose opening is a plain text: the writer does not look into entries. */
export const openTestLog = (directory: string, change: Partial<EvidenceLogOptions> = {}) =>
  openEvidenceLog({
    directory,
    logName: 'test.hours',
    signer: logSigner,
    clock: systemClock,
    opening: (origin, previous) => utf8.encode(JSON.stringify({ origin, previous })),
    ...change,
  })

/** Entry number `i`, of uneven length. */
export const entryOf = (i: number, mark = 'entry'): Uint8Array =>
  utf8.encode(`${mark} ${i} ${'x'.repeat((i * 37) % 300)}`)
