import {
  createVkey,
  formatEntryBundle,
  formatTilePath,
  formatVkey,
  leafHash,
  noteType,
  parseRecord,
  recordDigest,
  tileWidth,
} from '@hours/ledger'
import { generateKey, nodeCrypto } from '@hours/ledger/node'
import { DAY, HOUR, instrumentKey, MINUTE } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import type { LogSource } from './log-source.ts'
import {
  createMemoryLog,
  createSigner,
  gateway,
  honestHour,
  instrument,
  logSigner,
  type MemoryLog,
  policy,
  policyText,
  site,
  staff,
  t0,
} from './memory-log.fixture.ts'
import { verifyLog } from './verify-log.ts'

const codes = async (source: LogSource, rules = policy()) => {
  const verdict = await verifyLog(source, rules)
  return { ok: verdict.ok, codes: [...new Set(verdict.problems.map(({ code }) => code))], verdict }
}
const runHours = async (log: MemoryLog) => {
  const { verdict } = await codes(log.source())
  const spans = verdict.facts.accounts().account(instrumentKey(site, instrument))?.spans ?? []
  return spans.filter(({ state }) => state === 'run').reduce((sum, s) => sum + s.to - s.from, 0)
}

const kindOf = (entry: Uint8Array) => {
  const record = parseRecord(entry)
  return record.ok ? record.value.kind : undefined
}

describe('a log that is as it was', () => {
  it('verifies, and its pages account for every minute', async () => {
    const log = honestHour()
    const { ok, verdict } = await codes(log.source())
    expect(verdict.problems).toEqual([])
    expect(verdict.findings).toEqual(new Map())
    expect(ok).toBe(true)
    expect(verdict.independent).toBe(true)
    expect(await runHours(log)).toBe(40 * MINUTE)
    const spans = verdict.facts.accounts().account(instrumentKey(site, instrument))?.spans ?? []
    expect(spans.every((span) => span.class === 'live')).toBe(true)
  })
})

describe('an enrolment', () => {
  it('counts as known to nobody but the operator until a regulator has approved it', async () => {
    const log = honestHour()
    const enrolments = log.entries.filter((entry) => kindOf(entry) === 'enrolment')
    const approve = (role: string) =>
      log.record('approval', site, { of: recordDigest(enrolments[0]!, nodeCrypto.sha256), by: 'u-9', role })
    const enrolled = async () => (await codes(log.source())).verdict.enrolled
    expect(await enrolled()).toEqual({ enrolments: 1, unapproved: 1 })
    approve('approver')
    expect(await enrolled()).toEqual({ enrolments: 1, unapproved: 1 })
    approve('regulator')
    expect(await enrolled()).toEqual({ enrolments: 1, unapproved: 0 })
  })
})

describe('a log that grows while it is checked', () => {
  /** The log's files a moment later: the bundle that was partial is full, and the partial one is gone (tlog-tiles). */
  function grown(log: MemoryLog) {
    const [before, size] = [log.source(), log.entries.length]
    for (let i = size; i < 300; i++) log.time(t0 + 2 * HOUR + i * 1_000)
    const later = log.source()
    const partial = formatTilePath({ level: 'entries', index: 0, width: size })
    return { before, later, partial }
  }

  it('holds when the last bundle has become a full one meanwhile', async () => {
    const { before, later, partial } = grown(honestHour())
    const file: LogSource['file'] = (year, path) =>
      path === partial ? Promise.resolve(undefined) : later.file(year, path)
    expect((await codes({ ...before, file })).verdict.problems).toEqual([])
  })

  it('accuses nobody of a split view when a bundle cannot be read at all', async () => {
    const { before } = grown(honestHour())
    const file = () => Promise.resolve(undefined)
    expect((await codes({ ...before, file })).codes).toEqual(['unreadable'])
  })

  it('does not hold when the full one is another', async () => {
    const { before, partial } = grown(honestHour())
    const other = grown(createMemoryLog()).later
    const file: LogSource['file'] = (year, path) =>
      path === partial ? Promise.resolve(undefined) : other.file(year, path)
    expect((await codes({ ...before, file })).codes).toContain('root_mismatch')
  })
})

describe('attacks that a verifier catches by name', () => {
  it('a forged entry together with its leaf tile: the root is recomputed from the entries', async () => {
    const log = honestHour()
    const honest = log.source()
    const forged = [...log.entries]
    const other = honestHour(createMemoryLog())
    forged[8] = other.page([['run', 0, 5 * MINUTE]])
    const source: LogSource = {
      ...honest,
      file(year, path) {
        if (path.startsWith('tile/entries/')) return Promise.resolve(formatEntryBundle(forged))
        if (path === formatTilePath({ level: 0, index: 0, width: forged.length % tileWidth }))
          return Promise.resolve(Buffer.concat(forged.map((entry) => leafHash(entry, nodeCrypto.sha256))))
        return honest.file(year, path)
      },
    }
    expect((await codes(source)).codes).toContain('root_mismatch')
  })

  it('a dropped page leaves a gap that is unknown, never run', async () => {
    const log = createMemoryLog()
    log.append(log.page([['run', 0, 5 * MINUTE]]))
    log.page([['run', 0, 5 * MINUTE]])
    log.append(log.page([['run', 0, 5 * MINUTE]]))
    log.time(log.next.from + MINUTE)
    const { verdict } = await codes(log.source())
    expect(verdict.findings.get('gap')).toBe(1)
    expect(await runHours(log)).toBe(10 * MINUTE)
  })

  it('pages that a gateway says it has lost are told', async () => {
    const log = createMemoryLog()
    for (const dropped of [0, 2, 2, 5])
      log.append(log.page([['run', 0, 5 * MINUTE]], (page) => (page.spool.dropped = dropped)))
    log.time(log.next.from + MINUTE)
    expect((await codes(log.source())).verdict.findings.get('spool_dropped')).toBe(2)
  })

  it('pages under settings that the operator has not signed, or not any more', async () => {
    const log = createMemoryLog()
    log.append(log.page([['run', 0, 5 * MINUTE]], (page) => (page.config = { revision: 0, sha256: 'own' })))
    log.time(log.next.from + MINUTE)
    log.record('config', site, { gateway, revision: 2, instruments: [] })
    for (let i = 0; i < 15; i++) {
      log.append(log.page([['run', 0, 5 * MINUTE]]))
      log.time(log.next.from + MINUTE)
    }
    const { verdict } = await codes(log.source())
    expect([...verdict.findings]).toEqual([
      ['config', 1],
      ['config_stale', 1],
    ])
    expect(verdict.ok).toBe(true)
  })

  it('a removed entry changes the root', async () => {
    const log = honestHour()
    const source = log.source()
    const cut = log.source({ entries: log.entries.toSpliced(9, 1) })
    expect((await codes({ ...cut, checkpoint: (year) => source.checkpoint(year) })).ok).toBe(false)
  })

  it('reordered pages in a log signed again: the streams and the root of what gateways have seen', async () => {
    const log = honestHour()
    const swap = (i: number, j: number) =>
      log.entries.map((entry, at) => (at === i ? log.entries[j]! : at === j ? log.entries[i]! : entry))
    expect((await codes(log.source({ entries: swap(1, 2) }))).codes).toContain('stream_hole')
    expect((await codes(log.source({ entries: swap(5, 6) }))).codes).toContain('split_view')
  })

  it('a replayed page counts once', async () => {
    const log = createMemoryLog()
    const page = log.page([['run', 0, 5 * MINUTE]])
    log.append(page)
    log.append(page)
    log.time(log.next.from)
    expect(await runHours(log)).toBe(5 * MINUTE)
    expect((await codes(log.source())).verdict.findings.get('replay')).toBe(1)
  })

  it('equivocation voids every later page of the epoch', async () => {
    const log = createMemoryLog()
    log.append(log.page([['standby', 0, 5 * MINUTE]]))
    const before = { ...log.next }
    log.append(log.page([['standby', 0, 5 * MINUTE]]))
    const after = { ...log.next }
    log.next = before
    log.append(log.page([['run', 0, 5 * MINUTE]]))
    log.next = after
    log.append(log.page([['run', 0, 5 * MINUTE]]))
    log.time(log.next.from)
    const { codes: found } = await codes(log.source())
    expect(found).toContain('equivocation')
    expect(await runHours(log)).toBe(0)
  })

  it('a fork at size N: what a gateway has seen is not what this log had', async () => {
    const honest = honestHour()
    const fork = createMemoryLog()
    fork.append(fork.page([['off', 0, 5 * MINUTE]]))
    fork.time(fork.next.from)
    fork.append(fork.page([['off', 0, 5 * MINUTE]], (page) => (page.seen = honest.seen(fork.entries.length))))
    fork.time(fork.next.from)
    expect((await codes(fork.source())).codes).toContain('split_view')
  })

  it('a rollback from a backup: a gateway has seen more than there is', async () => {
    const log = createMemoryLog()
    log.append(log.page([['off', 0, 5 * MINUTE]], (page) => (page.seen = { ...page.seen!, size: 900 })))
    log.time(log.next.from)
    expect((await codes(log.source())).codes).toContain('split_view')
  })

  it('a clock step into the past: a page cannot begin before what its gateway had already seen', async () => {
    const log = honestHour()
    // An honest page carries `seen` of this hour; the next one claims to begin a week earlier, in a new epoch.
    log.record('epoch', 'installation', { gateway, epoch: 1, reason: 'new spool' })
    const shift = (page: { epoch: number; from: number; to: number }) => {
      page.epoch = 1
      page.from += HOUR
      page.to += HOUR
    }
    log.next = { ...log.next, seq: 0, prev: null }
    log.append(log.page([['standby', 0, 5 * MINUTE]], shift))
    log.time(log.next.from + MINUTE)
    log.next.from += 26 * HOUR
    log.append(log.page([['run', 0, 5 * MINUTE]], (page) => (page.epoch = 1)))
    log.time(t0 + 2 * HOUR)
    expect((await codes(log.source())).codes).toContain('time')
  })

  it('backfill into signed off-time is refused: those minutes are accounted for', async () => {
    const log = createMemoryLog()
    log.append(log.page([['off', 0, 5 * MINUTE]]))
    log.next.from -= 5 * MINUTE
    log.append(log.page([['run', 0, 5 * MINUTE]]))
    log.time(t0 + HOUR)
    const { verdict } = await codes(log.source())
    expect(verdict.problems[0]?.message).toContain('overlap')
    expect(await runHours(log)).toBe(0)
  })

  it('a gap claimed as run by counters alone is refused when it is longer than the time that passed', async () => {
    const log = createMemoryLog()
    log.append(log.page([['off', 0, 5 * MINUTE]]))
    log.next.onMs += 2 * HOUR
    log.next.runMs += 2 * HOUR
    log.append(log.page([['off', 0, 5 * MINUTE]]))
    log.time(t0 + HOUR)
    const { verdict } = await codes(log.source())
    expect(verdict.problems[0]?.message).toContain('counters')
  })

  it('a page signed by a key nobody enrolled', async () => {
    const log = createMemoryLog()
    log.append(log.page([['run', 0, 5 * MINUTE]], undefined, createSigner('gw-1#2', generateKey())))
    log.time(t0 + HOUR)
    const { verdict } = await codes(log.source())
    expect(verdict.problems[0]?.message).toContain('unknown_key')
  })

  it('an operator record signed by somebody else', async () => {
    const log = createMemoryLog()
    log.record('epoch', 'installation', { gateway, epoch: 5, reason: 'forged' }, staff['service'])
    expect((await codes(log.source())).codes).toEqual(['wrong_signer'])
  })

  it('a checkpoint by another key, one without its witness, and an unknown witness', async () => {
    const log = honestHour()
    expect((await codes(log.source({ signer: createSigner('log#1', generateKey()) }))).codes).toEqual([
      'checkpoint',
    ])
    expect((await codes(log.source({ cosigned: false }))).codes).toEqual(['no_quorum'])
    const other = createVkey('other.example/w1', noteType.cosignature, logSigner.publicKey, nodeCrypto.sha256)
    const unknown = policyText('x').replace('quorum', `witness x ${formatVkey(other)}\nquorum`)
    expect((await codes(log.source(), policy(unknown))).codes).toEqual(['no_quorum'])
  })

  it('what the witness has signed is the beginning of what is there; the rest is the operator’s word', async () => {
    const log = honestHour()
    const size = log.entries.length - 6
    const { ok, verdict } = await codes(log.source({ latest: { size } }))
    expect(verdict.problems).toEqual([])
    expect(ok).toBe(true)
    expect(verdict.logs).toMatchObject([{ size: log.entries.length, vouched: size, witnesses: ['w'] }])
    const other = createMemoryLog()
    for (let i = 0; i < 12; i++) other.time(t0 + i * MINUTE)
    const forked = log.source({ latest: { size: 10, entries: other.entries } })
    expect((await codes(forked)).codes).toEqual(['split_view'])
  })

  it('a service that dates back, or ahead: the witness has its own clock', async () => {
    const log = honestHour()
    const sizes = [10, 20]
    const hour = t0 + HOUR + MINUTE
    const honest = await codes(
      log.source({
        kept: new Map([
          [10, t0 + 11 * MINUTE],
          [20, t0 + 36 * MINUTE],
        ]),
      }),
    )
    expect(honest.verdict.problems).toEqual([])
    expect(honest.verdict.times).toEqual({ checkpoints: 3, widestMs: 25 * MINUTE })
    const back = new Map(sizes.map((size) => [size, hour + DAY]))
    const dated = await codes(log.source({ kept: back, cosignedAt: hour + DAY }))
    expect(dated.codes).toEqual(['time'])
    expect(dated.verdict.problems[0]?.message).toContain('after them says')
    expect((await codes(log.source({ cosignedAt: hour - 3 * MINUTE }))).codes).toEqual(['time'])
    expect((await codes(log.source({ cosignedAt: hour - 2 * MINUTE }))).codes).toEqual([])
  })

  it('a kept checkpoint of another history', async () => {
    const log = honestHour()
    const source = log.source({ kept: new Map([[10, t0 + HOUR]]) })
    const other = createMemoryLog()
    for (let i = 0; i < 12; i++) other.time(t0 + i * MINUTE)
    const path = 'checkpoints/10'
    const forked = await other.source({ kept: new Map([[10, t0 + HOUR]]) }).file(2026, path)
    const file: LogSource['file'] = (year, name) =>
      name === path ? Promise.resolve(forked) : source.file(year, name)
    expect((await codes({ ...source, file })).codes).toEqual(['split_view'])
  })

  it('a quorum that the operator can meet alone is called not independent', async () => {
    const log = honestHour()
    const { verdict } = await codes(log.source({ cosigned: false }), policy(policyText('none')))
    expect(verdict.ok).toBe(true)
    expect(verdict.independent).toBe(false)
  })

  it('an opening that is not the first leaf brings no keys', async () => {
    const log = createMemoryLog()
    log.append(log.entries[0]!)
    expect((await codes(log.source())).codes).toEqual(['opening'])
  })
})
