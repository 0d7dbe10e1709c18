import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatBase64url, signRecord } from '@hours/ledger'
import {
  type Clock,
  configTopic,
  type GatewayDirectory,
  type PublishDown,
  type SiteId,
} from '@hours/protocol'
import type { Logger } from 'pino'
import { createPageJudge, type PageJudge } from './accept-page.ts'
import { createGatewayAccess } from './gateway-passwords.ts'
import type { Haste } from './haste.ts'
import { createHousekeeping } from './housekeeping.ts'
import { IngestError } from './ingest-error.ts'
import { type IngestKeys, openingKeys, openKeys } from './keys.ts'
import { createLive } from './live.ts'
import { createTimeRecords } from './time-records.ts'
import { type EvidenceLogWriter, openEvidenceLog } from './log/evidence-log.ts'
import type { KnownHead } from './log/rollback.ts'
import { openIndex } from './open-index.ts'
import { checkDatabase } from './open-database.ts'
import { openOperations } from './operations.ts'
import type { Ingest, Position } from './ports.ts'
import { createPowerStore } from './power-store.ts'
import { createQuarantine } from './quarantine.ts'
import { createReceipts } from './receipts.ts'
import type { BookRecord } from './registry/record-book.ts'
import { createRecordWriter } from './record-writer.ts'
import { createIntake, type Intake } from './sessions/intake.ts'
import { createClockGuard } from './clock-guard.ts'
import { createCommit } from './commit.ts'
import { createHeads } from './known-heads.ts'
import { createFigureReader, type FigureReader } from './figures/figure-reader.ts'
import type { Witness } from './witnessing/witness-client.ts'
import { createWitnessing, type Witnessing } from './witnessing/witness-rounds.ts'
import { witnessSizes } from './witnessing/witness-sizes.ts'

export interface IngestOptions {
  /** `keys/`, `log/`, `index.sqlite` and `operations.sqlite` are made below it. */
  readonly dataDir: string
  readonly clock: Clock
  readonly log: Logger
  /** Origin of a year's log is `<logName>/<year>`; a demo's begins with `demo.` and no other's does. */
  readonly logName: string
  readonly simulated: boolean
  /** Asked at the start for the sizes they have seen, and shown the log every 60 s; those of the policy with a URL. */
  readonly witnesses?: readonly Witness[]
  /** For simulated history, where days pass in seconds; refused of a site that is not simulated. */
  readonly haste?: Haste
}

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
  /** Why nothing is taken until it is closed and opened again, as after a full disk; undefined while all is well. */
  halted(): string | undefined
  /** What a gateway's YAML has under `trust` (records.md, section 3). */
  trust(): {
    logs: string[]
    service: { kid: string; public: string }[]
    operator: { kid: string; public: string }[]
  }
}

/**
 * decode -> verify -> append -> receipt -> project, behind one door. Resolves when the log has been recovered and the
 * index has caught up with it. Throws `locked`, `log_damaged`, `log_rolled_back`, `bad_key`, `bad_option`.
 */
export async function createIngest(options: IngestOptions): Promise<RunningIngest> {
  const { dataDir, clock, logName, simulated, log: logger, haste } = options
  if (simulated !== logName.startsWith('demo.'))
    throw new IngestError(
      'bad_option',
      `log name "${logName}": a simulated log, and no other, begins with "demo." (records.md, section 11)`,
    )
  if (haste && !simulated)
    throw new IngestError('bad_option', 'haste: only of a simulated log; everything else is durable')
  const survivesPowerCut = haste?.survivesPowerCut ?? true
  mkdirSync(dataDir, { recursive: true })
  const keys = openKeys(join(dataDir, 'keys'))
  const operationsPath = join(dataDir, 'operations.sqlite')
  const operations = openOperations(operationsPath)
  checkDatabase(operations, operationsPath)
  if (!survivesPowerCut) operations.exec('PRAGMA synchronous = OFF')
  const quarantine = createQuarantine(operations)
  const heads = createHeads(operations)
  const power = createPowerStore(operations)
  const live = createLive(clock)
  const onError = (error: unknown) => logger.error({ err: error }, 'ingest')
  const opened = openIndex({
    path: join(dataDir, 'index.sqlite'),
    clock,
    survivesPowerCut,
    projectAtLeast: haste?.projectAtLeast,
    onRecord: (record) => afterRecord(record),
    onBatch: (items) => {
      for (const { page } of items) if (page) later.judge?.projected(page.opened)
    },
    onError,
    rejected: (gateway) => quarantine.countOf(gateway),
  })
  const { registry, projector, index, tables } = opened
  const guard = createClockGuard(clock, () => tables.times.newest()?.at)
  const times = createTimeRecords(clock, keys.service, guard)
  let publishDown: PublishDown | undefined
  /** Made after the index that it tells. */
  const later: { judge?: PageJudge } = {}

  const log = await openLog()
  const witnessing = createWitnessing({ log, clock })
  for (const witness of options.witnesses ?? []) witnessing.add(witness)
  await projector.catchUp(log)
  opened.figures.wake()
  const judge = createPageJudge({ clock, log, chains: tables.chains, registry })
  later.judge = judge
  const receipts = createReceipts({
    clock,
    log,
    service: keys.service,
    receiptEveryMs: haste?.receiptEveryMs,
    chain: (...of) => commit.durable(...of),
    onError,
  })
  const writer = createRecordWriter({ log, keys, registry, projector })
  const commit = createCommit({
    clock,
    log,
    judge,
    guard,
    receipts,
    quarantine,
    live,
    power,
    registry,
    projector,
    writer,
    tables,
    logger,
  })
  await log.appendOpening()
  await projector.settled()
  const chores = createHousekeeping(clock, onError, haste?.seldom)
  chores.add('time records', 10_000, () => void times.tick(log).catch(onError))
  chores.add('clock', 10_000, () => void guard.behind())
  chores.add('live view', 5_000, () => live.sweep())
  chores.add('sizes of the log', 5_000, () => heads.remember(log))
  chores.add('refused messages', 1_000, () => quarantine.flush())
  chores.add('power', 60_000, () => power.flush())
  chores.add('witnesses', 60_000, () => void witnessing.round().catch(onError))

  async function openLog(): Promise<EvidenceLogWriter> {
    const directory = join(dataDir, 'log')
    mkdirSync(directory, { recursive: true })
    const witnessed = await witnessSizes(directory, options.witnesses ?? [], ({ name, url }, reason) =>
      logger.warn({ witness: name, url, reason }, 'the witness did not say what it has seen'),
    )
    return openEvidenceLog({
      directory,
      logName,
      signer: keys.log,
      clock,
      survivesPowerCut,
      opening: (origin, previous) => {
        const payload = { v: 1, origin, previous, keys: openingKeys(keys, clock.wall()) }
        return signRecord({ kind: 'opening', payload: JSON.stringify(payload), signer: keys.operator })
      },
      trailer: times.trailer,
      find: opened.find,
      heads: [...heads.all(), ...indexHead(), ...witnessed],
      onPublished: (batch) => {
        times.published(batch)
        projector.put(commit.published(batch))
      },
    })
  }

  /** The index follows the log, so a log that is shorter than the index was rolled back. */
  function indexHead(): KnownHead[] {
    const position = projector.position()
    if (!position) return []
    return [{ origin: `${logName}/${position.year}`, size: position.index + 1, by: 'index.sqlite' }]
  }

  function afterRecord({ kind, record, position }: BookRecord): void {
    if (kind === 'config' && 'gateway' in record && 'stream' in record)
      publishConfig(record.stream as SiteId, record.gateway, position)
  }

  function publishConfig(site: SiteId, gateway: Parameters<typeof configTopic>[1], position: Position): void {
    publishDown?.(configTopic(site, gateway), log.entry(position), { retain: true }).catch(onError)
  }

  function health(): { ok: boolean; reasons: readonly string[] } {
    const reasons = [
      projector.failure(),
      log.halted(),
      ...commit.alarms(),
      ...guard.alarms(),
      ...witnessing.alarms(),
      ...chores.alarms(),
    ].filter((one) => one !== undefined)
    return { ok: reasons.length === 0, reasons }
  }

  const access = createGatewayAccess(operations, registry)
  const pinned = (signer: IngestKeys['service']) => ({
    kid: signer.kid,
    public: formatBase64url(signer.publicKey),
  })
  return {
    commit: commit.take,
    log,
    witnessing,
    intake: createIntake({ operations, clock, registry, recordAll: writer.write }),
    registry,
    live,
    index,
    figures: createFigureReader({
      db: opened.db,
      figures: opened.figures,
      accounts: tables.accounts,
      instruments: tables.instruments,
      registry,
      clock,
    }),
    quarantine,
    power,
    clock,
    simulated,
    directory: access.directory,
    setGatewayPassword: access.setPassword,
    setGatewayRevoked: access.setRevoked,
    keys,
    halted: () => projector.failure() ?? log.halted(),
    trust: () => ({
      logs: [log.vkey()],
      service: [pinned(keys.service)],
      operator: [pinned(keys.operator)],
    }),
    record: async (kind, stream, body) => {
      const [done] = await writer.write([{ kind, stream, body } as never])
      if (!done) throw new IngestError('bad_record', `${kind} was not written`)
      return done
    },
    recordAll: writer.write,
    onProjected: projector.onProjected,
    settled: () => projector.settled(),
    health,
    metrics: () => ({
      ...commit.counts(),
      receipts: receipts.sent(),
      backlog: projector.backlog(),
      queued: log.queued(),
      quarantined: quarantine.count(),
      logSize: log.size(),
    }),
    attach(publish) {
      publishDown = publish
      receipts.attach(publish)
      for (const { site, gateway } of registry.gateways()) {
        const config = registry.config(gateway)
        if (config) publishConfig(site, gateway, config.position)
      }
    },
    async close() {
      chores.stop()
      await witnessing.close()
      await log.close()
      await projector.settled().catch(onError)
      receipts.close()
      // A store that takes nothing keeps neither the other one nor the log's lock from being let go.
      for (const last of [() => heads.remember(log), () => power.flush(), () => quarantine.flush()])
        try {
          last()
        } catch (error) {
          onError(error)
        }
      await opened.close()
      operations.close()
    },
  }
}
