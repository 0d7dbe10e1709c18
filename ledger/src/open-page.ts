import {
  accept,
  type DecodeCode,
  type Decoded,
  decodePage,
  maxPageBytes,
  readPage,
  refuse,
  type Topic,
} from '@hours/protocol'
import type { Crypto } from './crypto.ts'
import type { KeyRegistry } from './key-registry.ts'
import type { OpenedPage } from './opened-page.ts'
import type { PageCode } from './page-verdict.ts'
import type { Position } from './position.ts'
import { parseRecord, recordDigest, type SignedRecord, verifyRecord } from './signed-record.ts'

/** What a page is opened with. */
export interface OpenContext {
  readonly crypto: Crypto
  readonly keys: KeyRegistry
  /** Where the page stands in the log, or would stand. */
  readonly at: Position
  /** The topic it came by; absent when it is read from the log. */
  readonly topic?: Pick<Topic, 'site' | 'gateway'>
}

/** Reads a page: its form, its signature under a key good at this position (R1), its fields, its identity. */
export function openPage(bytes: Uint8Array, context: OpenContext): Decoded<OpenedPage, PageCode> {
  const record = parseRecord(bytes)
  if (!record.ok)
    return refuse(record.error.code === 'oversize' ? 'oversize' : 'malformed', record.error.message)
  return openParsedPage(record.value, context)
}

/** As `openPage`, for a record that has been taken apart already. */
export function openParsedPage(record: SignedRecord, context: OpenContext): Decoded<OpenedPage, PageCode> {
  const { bytes, kind, kid, holder, payload, data } = record
  if (kind !== 'page') return refuse('malformed', `a "${kind}" record is no page`)
  const key = context.keys.find(kid, context.at)
  if (!key.ok) return key
  if (!verifyRecord(record, key.value, context.crypto))
    return refuse('bad_signature', `the signature by ${kid} does not hold`)
  const page = data === undefined || payload.length > maxPageBytes ? decodePage(payload) : readPage(data)
  if (!page.ok) return refuse(pageCode(page.error.code, page.error.message), page.error.message)
  const { site, gateway } = page.value
  if (holder !== gateway) return refuse('topic_mismatch', `page of ${gateway} signed by ${holder}`)
  const { topic } = context
  if (topic && (topic.site !== site || topic.gateway !== gateway))
    return refuse(
      'topic_mismatch',
      `page of ${site}/${gateway} on the topic of ${topic.site}/${topic.gateway}`,
    )
  return accept({ page: page.value, digest: recordDigest(bytes, context.crypto.sha256) })
}

function pageCode(code: DecodeCode, message: string): PageCode {
  if (code === 'oversize' || code === 'unknown_version') return code
  if (code !== 'bad_field') return 'malformed'
  return /(?:^|; )instruments\.\d+\.spans\b/.test(message) ? 'spans' : 'bad_field'
}
