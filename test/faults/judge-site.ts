import { join } from 'node:path'
import type { Device } from '@hours/firmware-sim'
import { createIngest, reconcile } from '@hours/ingest'
import { parsePolicy, recordDigest } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { createManualClock, HOUR, instrumentKey } from '@hours/protocol'
import { directorySource, verifyLog } from '@hours/verifier'
import { pino } from 'pino'
import { certain, judge, overlapMs } from './judge.ts'
import type { Schedule } from './schedule.ts'
import type { GatewaySite } from './site.ts'

/** One line of the table. */
export interface Outcome {
  readonly seed: number
  readonly faults: number
  /** Pages in the log. */
  readonly pages: number
  /** Pages the proxy duplicated, reordered and sent again, and connections made. */
  readonly duplicates: number
  readonly reordered: number
  readonly resent: number
  readonly connections: number
  readonly unknownMs: number
  readonly lostMs: number
  readonly twiceMs: number
  readonly inventedMs: number
  readonly edgeMs: number
  /** Anything else that is wrong, in words; empty = the schedule holds. */
  readonly wrong: readonly string[]
}

/** Compares the index with the truth of every instrument, and the log with every page that was acknowledged. */
export async function judgeSite(site: {
  readonly schedule: Schedule
  /** The server's data folder. */
  readonly folder: string
  readonly devices: readonly Device[]
  readonly gateways: readonly Pick<GatewaySite, 'id' | 'proxy' | 'losses'>[]
  readonly maxGapMs: number
  readonly vkey: string
  readonly refused: readonly string[]
}): Promise<Outcome> {
  const { schedule, folder, devices, gateways, maxGapMs } = site
  const { start, end, seed, faults } = schedule
  const wrong = site.refused.map((one) => `refused: ${one}`)
  const ingest = await createIngest({
    dataDir: folder,
    clock: createManualClock(end + 6 * HOUR),
    log: pino({ level: 'silent' }),
    logName: 'demo.faults',
    simulated: true,
  })
  const sum = { unknown: 0, lost: 0, invented: 0, edge: 0 }
  let twice = 0
  for (const device of devices) {
    const { site: name, id, gateway } = device.instrument
    const key = instrumentKey(name, id)
    const losses = gateways.find((one) => one.id === gateway)?.losses ?? { windows: [], breaks: [] }
    const emitted = device.emitted()
    const found = ingest.index.spans(key, start, end)
    const truth = device.truth(start, end, maxGapMs)
    const one = judge({ truth, floor: certain(emitted, losses, maxGapMs), found }, emitted, losses, maxGapMs)
    for (const name of ['unknown', 'lost', 'invented', 'edge'] as const) sum[name] += one[name]
    for (const { kind, from, to } of one.places) {
      const why = ingest.index.accounted(key, from, to).map((span) => span.why ?? span.state)
      const when = `${new Date(from).toISOString()} to ${new Date(to).toISOString()}`
      wrong.push(`${key}: ${kind} ${when}: ${[...new Set(why)].join(', ') || 'no page'}`)
    }
    const pages = ingest.index.pages(key, start - HOUR, end + HOUR)
    twice += overlapMs(pages.filter(({ standing }) => standing === 'accepted'))
    const whole = ingest.index.spans(key, start - 24 * HOUR, end + 30 * HOUR)
    const days = ingest.index.days([key], start - 24 * HOUR, end + 30 * HOUR)
    for (const state of ['off', 'standby', 'run', 'fault'] as const) {
      const daily = days.reduce((total, day) => total + day.states[state], 0)
      const spans = whole.reduce((total, span) => total + (span.state === state ? span.to - span.from : 0), 0)
      twice += Math.max(0, daily - spans)
      if (daily < spans) wrong.push(`${key}: days say ${daily} ms ${state}, spans ${spans}`)
    }
  }
  const logged = new Set<string>()
  for (const { bytes } of ingest.log.entries()) logged.add(recordDigest(bytes, nodeCrypto.sha256))
  for (const { id, proxy } of gateways)
    for (const digest of proxy.acknowledged.keys())
      if (!logged.has(digest)) wrong.push(`${id}: an acknowledged page is not in the log: ${digest}`)
  const pages = gateways.reduce((n, { id }) => n + ingest.index.gatewayCounts(id as never).received, 0)
  for (const { id } of gateways) {
    const { missing } = ingest.index.gatewayCounts(id as never)
    if (missing > 0) wrong.push(`${id}: ${missing} pages missing in the chain`)
  }
  await ingest.close()

  const policy = parsePolicy(`log ${site.vkey}\nquorum none\n`, nodeCrypto.sha256)
  if (!policy.ok) throw new Error(policy.error.message)
  const verdict = await verifyLog(directorySource(join(folder, 'log')), policy.value)
  for (const { code, message } of verdict.problems) wrong.push(`verify: ${code}: ${message}`)
  if (!verdict.ok && verdict.problems.length === 0) wrong.push('verify: not ok')
  for (const one of (await reconcile(folder)).differences)
    wrong.push(`reconcile: ${one.table} ${one.row}: log ${one.log}, found ${one.found}`)
  const count = (name: 'duplicates' | 'reordered' | 'resent' | 'connections') =>
    gateways.reduce((n, { proxy }) => n + proxy.counts[name], 0)
  return {
    seed,
    faults: faults.length,
    pages,
    duplicates: count('duplicates'),
    reordered: count('reordered'),
    resent: count('resent'),
    connections: count('connections'),
    unknownMs: sum.unknown,
    lostMs: sum.lost,
    twiceMs: twice,
    inventedMs: sum.invented,
    edgeMs: sum.edge,
    wrong,
  }
}
