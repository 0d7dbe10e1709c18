import { setTimeout as pause } from 'node:timers/promises'
import { type ChainState, emptyChain, isLogged } from '@hours/ledger'
import { type Clock, parseTopic, type Topic, type UpMessage } from '@hours/protocol'
import type { Logger } from 'pino'
import type { Judged, PageJudge } from './accept-page.ts'
import type { ClockGuard } from './clock-guard.ts'
import type { CounterStore } from './counter-store.ts'
import { IngestError } from './ingest-error.ts'
import type { Tables } from './index/page-projection.ts'
import type { Projectable, Projector } from './index/projector.ts'
import type { LiveWriter } from './live.ts'
import type { EvidenceLogWriter } from './log/evidence-log.ts'
import type { Position } from './ports.ts'
import type { PowerStoreWriter } from './power-store.ts'
import type { QuarantineStore } from './quarantine.ts'
import type { Receipts } from './receipts.ts'
import type { RecordWriter } from './record-writer.ts'
import type { RegistryWriter } from './registry/registry.ts'
import { createUnlogged } from './unlogged.ts'

/** The index may lag by so many entries; then pages wait, and TCP slows their senders down. */
const maxBacklog = 20_000

export interface CommitOptions {
  readonly clock: Clock
  readonly log: EvidenceLogWriter
  readonly judge: PageJudge
  readonly guard: ClockGuard
  readonly receipts: Receipts
  readonly quarantine: QuarantineStore
  readonly live: LiveWriter
  readonly power: PowerStoreWriter
  readonly counters: Pick<CounterStore, 'put'>
  readonly registry: RegistryWriter
  readonly projector: Projector
  readonly writer: RecordWriter
  readonly tables: Tables
  readonly logger: Logger
}

type ToLog = Extract<Judged, { to: 'log' }>

/** Takes messages: pages wait until they are durable, everything else is done at once; bad data only goes aside. */
export function createCommit(options: CommitOptions) {
  const { clock, log, judge, receipts, quarantine, live, registry, projector, writer, logger } = options
  const counts = { pages: 0, duplicates: 0, refused: 0 }
  const unlogged = createUnlogged({ ...options, aside })
  /** Pages on their way into the log, by digest, with what the rules said. */
  const underway = new Map<string, ToLog>()
  const durable = new Map<string, ChainState>()
  const alarms = new Map<string, string>()
  let failing: Promise<void> | undefined

  async function take(message: UpMessage): Promise<void> {
    const topic = parseTopic(message.topic)
    if (!topic.ok) aside(message, null, topic.error)
    else if (message.client !== undefined && message.client !== topic.value.gateway)
      aside(message, message.client, {
        code: 'topic_mismatch',
        message: `${message.client} wrote to the topic of ${topic.value.gateway}`,
      })
    else if (topic.value.kind === 'page') await takePage(message, topic.value)
    else await unlogged.take(message, topic.value)
  }

  async function takePage(message: UpMessage, topic: Topic): Promise<void> {
    await ready()
    const judged = judge.judge(message.payload, topic)
    if (judged.to === 'quarantine') {
      // A refusal is for good, and here it is not the gateway's clock that is wrong: it is to send the page again.
      const by = judged.code === 'future' ? options.guard.behind() : 0
      if (by > 0) throw new IngestError('clock_behind', `not judged: this clock is ${by} ms behind the log`)
      refuse(message, topic, judged)
      return
    }
    live.heard(topic.site, topic.gateway)
    const { opened, verdict } = judged
    if (isLogged(verdict)) underway.set(opened.digest, judged)
    const position = await append(message.payload, opened.digest)
    answer(topic, judged, position)
  }

  /** Nothing is judged by rules that are about to change, nor ahead of an index that cannot follow. */
  async function ready(): Promise<void> {
    for (;;) {
      const failure = projector.failure()
      if (failure !== undefined) throw new IngestError('log_halted', failure)
      const wait = failing ?? writer.gate() ?? (projector.backlog() > maxBacklog ? pause(10) : undefined)
      if (!wait) return
      await wait
    }
  }

  async function append(bytes: Uint8Array, digest: string): Promise<Position> {
    try {
      return await log.appendOne(bytes, digest)
    } catch (error) {
      alarms.set(
        'log',
        `the log takes nothing: ${String(error)}. Fix: the disk it is on; it goes on by itself.`,
      )
      // Everything behind it failed too; the chains go back to what the log has.
      failing ??= projector
        .settled()
        .catch(() => undefined)
        .then(() => {
          judge.forget()
          underway.clear()
          durable.clear()
          failing = undefined
        })
      await failing
      throw error
    }
  }

  function answer(topic: Topic, { opened, verdict }: ToLog, position: Position): void {
    const { epoch, seq, seen } = opened.page
    const to = { site: topic.site, gateway: topic.gateway, epoch }
    const again = verdict.verdict === 'duplicate'
    counts[again ? 'duplicates' : 'pages'] += 1
    receipts.logged(to, { seq, position, seen, again })
    if (verdict.verdict === 'equivocation' || verdict.verdict === 'void')
      receipts.refused(to, { seq, code: verdict.code, reason: verdict.reason.slice(0, 500) })
    for (const { code, message } of verdict.findings) tell(code, topic.gateway, message)
  }

  function tell(code: string, gateway: string, message: string): void {
    logger.warn({ gateway, code }, message)
    // The two that say that there is another log than this one.
    if (code === 'split_view' || code === 'seen_ahead')
      alarms.set(`${code} ${gateway}`, `${gateway}: ${message}`)
  }

  function refuse(message: UpMessage, topic: Topic, judged: Extract<Judged, { to: 'quarantine' }>): void {
    const { code, reason, claims } = judged
    aside(message, topic.gateway, { code, message: reason }, claims?.seq ?? null)
    if (!claims || registry.site(topic.gateway) !== topic.site) return
    const to = { site: topic.site, gateway: topic.gateway, epoch: claims.epoch }
    receipts.refused(to, { seq: claims.seq, code, reason: reason.slice(0, 500) })
  }

  function aside(
    message: UpMessage,
    gateway: string | null,
    { code, message: reason }: { code: string; message: string },
    seq: number | null = null,
  ): void {
    counts.refused += 1
    message.onRefused?.()
    logger.warn({ topic: message.topic.slice(0, 300), gateway, code }, reason)
    quarantine.put({
      at: clock.wall(),
      topic: message.topic,
      gateway,
      seq,
      code,
      reason,
      bytes: message.payload,
    })
  }

  return {
    take,
    onPower: unlogged.onPower,
    /** What the index is to be told of a published batch. */
    published(
      batch: readonly { position: Position; bytes: Uint8Array; digest: string }[],
    ): readonly Projectable[] {
      alarms.delete('log')
      return batch.map((item) => {
        const page = underway.get(item.digest)
        if (!page) return item
        underway.delete(item.digest)
        const { gateway, epoch } = page.opened.page
        durable.set(`${gateway}/${epoch}`, page.verdict.state)
        return { ...item, page }
      })
    },
    durable: (gateway: string, epoch: number): ChainState =>
      durable.get(`${gateway}/${epoch}`) ??
      options.tables.chains.find(gateway, epoch)?.state ??
      emptyChain(gateway, epoch),
    counts: () => ({ ...counts, ...unlogged.counts() }),
    alarms: () => [...alarms.values()],
  }
}
