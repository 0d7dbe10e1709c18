import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@hours/protocol'
import type { Logger } from 'pino'
import { createPageJudge, type PageJudge } from './accept-page.ts'
import { createClockGuard } from './clock-guard.ts'
import { createCommit } from './commit.ts'
import { createConfigSender } from './config-sender.ts'
import { createCounterStore } from './counter-store.ts'
import { createFigureReader } from './figures/figure-reader.ts'
import { createGatewayAccess } from './gateway-passwords.ts'
import { checkHaste, type Haste } from './haste.ts'
import { createHousekeeping } from './housekeeping.ts'
import { IngestError } from './ingest-error.ts'
import { openKeys, pinnedKeys } from './keys.ts'
import { createHeads } from './known-heads.ts'
import { createLive } from './live.ts'
import { removeIndexDb } from './index/index-db.ts'
import { checkDatabase, isDamaged } from './open-database.ts'
import { openIndex } from './open-index.ts'
import { openLog } from './open-log.ts'
import { openOperations } from './operations.ts'
import { createPowerStore } from './power-store.ts'
import { createQuarantine } from './quarantine.ts'
import { createReceipts } from './receipts.ts'
import { createRecordWriter } from './record-writer.ts'
import type { RunningIngest } from './running-ingest.ts'
import { createIntake } from './sessions/intake.ts'
import { createTimeRecords } from './time-records.ts'
import type { Witness } from './witnessing/witness-client.ts'
import { createWitnessing } from './witnessing/witness-rounds.ts'

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

/**
 * decode -> verify -> append -> receipt -> project, behind one door. Resolves when the log has been recovered and the
 * index has caught up with it; an index that proves damaged on the way is made again from the log. Throws `locked`,
 * `log_damaged`, `log_rolled_back`, `bad_key`, `bad_option`, and `store_failed` for operations that are damaged.
 */
export async function createIngest(options: IngestOptions): Promise<RunningIngest> {
  const path = join(options.dataDir, 'index.sqlite')
  const attempt = async (): Promise<RunningIngest> => {
    const opening = new AsyncDisposableStack()
    try {
      return await openIngest(options, opening)
    } catch (error) {
      await opening.disposeAsync()
      throw error
    }
  }
  try {
    return await attempt()
  } catch (error) {
    if (!isDamaged(error, path)) throw error
    options.log.warn({ reason: (error as Error).message }, 'the index is made again from the log')
    removeIndexDb(path)
    return attempt()
  }
}

/** `opening` closes what was opened, where the rest fails. */
async function openIngest(options: IngestOptions, opening: AsyncDisposableStack): Promise<RunningIngest> {
  const { dataDir, clock, logName, simulated, log: logger, haste } = options
  checkHaste(options)
  const survivesPowerCut = haste?.survivesPowerCut ?? true
  mkdirSync(dataDir, { recursive: true })
  const keys = openKeys(join(dataDir, 'keys'))
  const operationsPath = join(dataDir, 'operations.sqlite')
  const operations = openOperations(operationsPath)
  opening.defer(() => {
    if (operations.isOpen) operations.close()
  })
  checkDatabase(operations, operationsPath)
  if (!survivesPowerCut) operations.exec('PRAGMA synchronous = OFF')
  const quarantine = createQuarantine(operations)
  const heads = createHeads(operations)
  const power = createPowerStore(operations, clock)
  const counters = createCounterStore(operations)
  const live = createLive(clock)
  const onError = (error: unknown) => logger.error({ err: error }, 'ingest')
  const indexPath = join(dataDir, 'index.sqlite')
  const opened = openIndex({
    path: indexPath,
    clock,
    survivesPowerCut,
    projectAtLeast: haste?.projectAtLeast,
    onRecord: (record) => configs.recorded(record),
    onBatch: (items) => {
      for (const { page } of items) if (page) later.judge?.projected(page.opened)
    },
    onError,
    rejected: (gateway) => quarantine.countOf(gateway),
  })
  opening.defer(() => opened.close())
  const { registry, projector, index, tables } = opened
  const guard = createClockGuard(clock, () => tables.times.newest()?.at)
  const times = createTimeRecords(clock, keys.service, guard)
  /** Made after the index that it tells. */
  const later: { judge?: PageJudge } = {}

  const configs = createConfigSender({ registry, entry: (position) => log.entry(position), onError })
  const log = await openLog({
    directory: join(dataDir, 'log'),
    logName,
    clock,
    survivesPowerCut,
    keys,
    logger,
    heads: heads.all(),
    indexed: projector.position(),
    witnesses: options.witnesses ?? [],
    find: opened.find,
    trailer: times.trailer,
    onPublished: (batch) => {
      times.published(batch)
      projector.put(commit.published(batch))
    },
  })
  opening.defer(() => log.close())
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
    counters,
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
  chores.add('counters', 60_000, () => counters.flush())
  chores.add('witnesses', 60_000, () => void witnessing.round().catch(onError))

  function health(): { ok: boolean; reasons: readonly string[] } {
    const reasons = [
      projector.failure() ?? opened.damage(),
      log.halted(),
      ...commit.alarms(),
      ...guard.alarms(),
      ...witnessing.alarms(),
      ...chores.alarms(),
    ].filter((one) => one !== undefined)
    return { ok: reasons.length === 0, reasons }
  }

  const access = createGatewayAccess(operations, registry)
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
    counters,
    untold: opened.untold,
    clock,
    simulated,
    directory: access.directory,
    setGatewayPassword: access.setPassword,
    setGatewayRevoked: access.setRevoked,
    keys,
    stampTime: () => times.stamp(log),
    halted: () => projector.failure() ?? opened.damage() ?? log.halted(),
    trust: () => pinnedKeys(keys, log.vkey()),
    record: async (kind, stream, body) => {
      const [done] = await writer.write([{ kind, stream, body } as never])
      if (!done) throw new IngestError('bad_record', `${kind} was not written`)
      return done
    },
    recordAll: writer.write,
    onProjected: projector.onProjected,
    onPower: commit.onPower,
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
      receipts.attach(publish)
      configs.attach(publish)
    },
    async close() {
      chores.stop()
      await witnessing.close()
      await log.close()
      await projector.settled().catch(onError)
      receipts.close()
      // A store that takes nothing keeps neither the other one nor the log's lock from being let go.
      for (const last of [
        () => heads.remember(log),
        () => power.flush(),
        () => counters.flush(),
        () => quarantine.flush(),
      ])
        try {
          last()
        } catch (error) {
          onError(error)
        }
      await opened.close()
      if (opened.damage() !== undefined) removeIndexDb(indexPath)
      operations.close()
    },
  }
}
