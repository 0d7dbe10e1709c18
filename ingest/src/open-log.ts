import { mkdirSync } from 'node:fs'
import { signRecord } from '@hours/ledger'
import type { Clock } from '@hours/protocol'
import type { Logger } from 'pino'
import { type IngestKeys, openingKeys } from './keys.ts'
import { type EvidenceLogOptions, type EvidenceLogWriter, openEvidenceLog } from './log/evidence-log.ts'
import type { KnownHead } from './log/rollback.ts'
import type { Position } from './ports.ts'
import type { Witness } from './witnessing/witness-client.ts'
import { witnessSizes } from './witnessing/witness-sizes.ts'

export interface OpenLogOptions
  extends Required<Pick<EvidenceLogOptions, 'trailer' | 'find' | 'survivesPowerCut' | 'onPublished'>> {
  readonly directory: string
  readonly logName: string
  readonly clock: Clock
  readonly keys: IngestKeys
  readonly logger: Logger
  /** Sizes that operations.sqlite has of it. */
  readonly heads: readonly KnownHead[]
  /** Where the index stands. */
  readonly indexed: Position | null
  readonly witnesses: readonly Witness[]
}

/**
 * Opens the log against every size anybody is known to have seen of it: operations, index, witnesses. Throws as
 * `openEvidenceLog` does; a witness that does not answer is only warned of.
 */
export async function openLog(options: OpenLogOptions): Promise<EvidenceLogWriter> {
  const { directory, logName, clock, keys, logger, heads, indexed, witnesses, ...rest } = options
  mkdirSync(directory, { recursive: true })
  const witnessed = await witnessSizes(directory, witnesses, ({ name, url }, reason) =>
    logger.warn({ witness: name, url, reason }, 'the witness did not say what it has seen'),
  )
  return openEvidenceLog({
    ...rest,
    directory,
    logName,
    clock,
    signer: keys.log,
    opening: (origin, previous) => {
      const payload = { v: 1, origin, previous, keys: openingKeys(keys, clock.wall()) }
      return signRecord({ kind: 'opening', payload: JSON.stringify(payload), signer: keys.operator })
    },
    heads: [...heads, ...indexHead(logName, indexed), ...witnessed],
  })
}

/** The index follows the log, so a log that is shorter than the index was rolled back. */
function indexHead(logName: string, indexed: Position | null): KnownHead[] {
  if (!indexed) return []
  return [{ origin: `${logName}/${indexed.year}`, size: indexed.index + 1, by: 'index.sqlite' }]
}
