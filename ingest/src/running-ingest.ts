import type { GatewayDirectory, PinnedKeys } from '@hours/protocol'
import type { FigureReader } from './figures/figure-reader.ts'
import type { IngestKeys } from './keys.ts'
import type { EvidenceLogWriter } from './log/evidence-log.ts'
import type { Ingest } from './ports.ts'
import type { Intake } from './sessions/intake.ts'
import type { Witnessing } from './witnessing/witness-rounds.ts'

/** Ingest with what the process that runs it needs besides the port. */
export interface RunningIngest extends Ingest {
  readonly log: EvidenceLogWriter
  readonly witnessing: Witnessing
  /** Sessions, bookings and the like come in here. */
  readonly intake: Intake
  /** Figures of any period out of the index. */
  readonly figures: FigureReader
  /** For the broker. */
  readonly directory: GatewayDirectory
  setGatewayPassword(gateway: string, password: string | null): void
  setGatewayRevoked(gateway: string, revoked: boolean): void
  /** `report` signs statements; the public halves of `service` and `operator` are what gateways pin. */
  readonly keys: IngestKeys
  /** Logs a `time` record, so that every page before it has its arrival; none while the clock is behind. */
  stampTime(): Promise<void>
  /** Why nothing is taken until it is closed and opened again, as after a full disk; undefined while all is well. */
  halted(): string | undefined
  /** What a gateway's YAML has under `trust`. */
  trust(): PinnedKeys
}
