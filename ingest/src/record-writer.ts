import type { RecordKind } from '@hours/protocol'
import type { Projector } from './index/projector.ts'
import type { IngestKeys } from './keys.ts'
import type { EvidenceLogWriter } from './log/evidence-log.ts'
import type { Position } from './ports.ts'
import type { RegistryWriter } from './registry/registry.ts'
import { type RecordItem, writeRecords } from './write-records.ts'

/** Records in one go; more are written in several. */
const chunk = 1_000

/** What pages are judged by: while one of these is on its way into the log, pages wait. */
const judgedBy = new Set<RecordKind>(['key', 'epoch', 'enrolment', 'correction', 'approval'])

/** Numbers, signs and appends the records of operator and service, one call after the other. */
export interface RecordWriter {
  readonly write: (items: readonly RecordItem[]) => Promise<readonly { hash: string; position: Position }[]>
  /** Pages judged after this stand behind every record that was given before. */
  gate(): Promise<unknown> | undefined
}

export function createRecordWriter(options: {
  readonly log: EvidenceLogWriter
  readonly keys: IngestKeys
  readonly registry: RegistryWriter
  readonly projector: Projector
}): RecordWriter {
  const { log, keys, registry, projector } = options
  let line: Promise<unknown> = Promise.resolve()
  let gate: Promise<unknown> | undefined

  async function writeAll(items: readonly RecordItem[]) {
    const done: { hash: string; position: Position }[] = []
    for (let at = 0; at < items.length; at += chunk) {
      const part = items.slice(at, at + chunk)
      const written = writeRecords(part, { keys, tail: (stream) => registry.stream(stream) })
      const appended = Promise.all(
        written.map(async ({ bytes, digest }) => ({
          hash: digest,
          position: await log.appendOne(bytes, digest),
        })),
      ).then(async (positions) => {
        await projector.settled()
        return positions
      })
      if (written.some(({ kind }) => judgedBy.has(kind))) hold(appended)
      done.push(...(await appended))
    }
    return done
  }

  function hold(until: Promise<unknown>): void {
    const held: Promise<void> = until.then(release, release)
    gate = held
    function release(): void {
      if (gate === held) gate = undefined
    }
  }

  return {
    write(items) {
      const result = line.then(() => writeAll(items))
      line = result.catch(() => undefined)
      return result
    },
    gate: () => gate,
  }
}
