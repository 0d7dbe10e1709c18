import { X509Certificate } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { openOperations, openRegisters, readOutbox } from '@hours/ingest'
import { DAY, systemClock } from '@hours/protocol'
import { headOf, rootAt } from './site-copy.ts'

export interface Finding {
  readonly check: string
  readonly verdict: 'good' | 'note' | 'bad'
  readonly says: string
}

const finding = (check: string, verdict: Finding['verdict'], says: string): Finding => ({
  check,
  verdict,
  says,
})
/** Below this the log stops within days. */
const leastFreeBytes = 2 * 2 ** 30
/** A page waits for one sync: slower than this, a busy site falls behind. */
const slowSyncMs = 50

export function clockFinding(): Finding {
  for (const [command, args, good] of [
    ['chronyc', ['-c', 'tracking'], (out: string) => !/,Not synchronised/.test(out)],
    ['timedatectl', ['show', '-p', 'NTPSynchronized'], (out: string) => /=yes/.test(out)],
  ] as const) {
    const out = outputOf(command, args)
    if (out === undefined) continue
    return good(out)
      ? finding('clock', 'good', `synchronised, says ${command}`)
      : finding(
          'clock',
          'bad',
          `not synchronised, says ${command}: hours of a wrong clock are unknown. Fix: chrony.`,
        )
  }
  return finding('clock', 'note', 'neither chronyc nor timedatectl answers: synchronisation is not known')
}

export function diskFindings(dataDir: string): Finding[] {
  const { bavail, bsize } = statfsSync(dataDir)
  const free = bavail * bsize
  const gib = (free / 2 ** 30).toFixed(1)
  const ms = syncMs(dataDir)
  return [
    finding(
      'disk space',
      free >= leastFreeBytes ? 'good' : 'bad',
      `${gib} GiB free in ${dataDir}; at least 2`,
    ),
    finding(
      'disk sync',
      ms <= slowSyncMs ? 'good' : 'bad',
      `4 KiB durable in ${ms.toFixed(1)} ms (median of 20); at most ${slowSyncMs}`,
    ),
  ]
}

function syncMs(dir: string): number {
  const path = join(dir, `.doctor-${process.pid}`)
  const file = openSync(path, 'wx', 0o600)
  try {
    const times = Array.from({ length: 20 }, () => {
      const begin = performance.now()
      writeSync(file, Buffer.alloc(4_096, 1))
      fdatasyncSync(file)
      return performance.now() - begin
    })
    return times.sort((a, b) => a - b)[10] ?? 0
  } finally {
    closeSync(file)
    rmSync(path)
  }
}

/** Private keys and the operations store are for their owner alone. */
export function permissionFindings(dataDir: string): Finding[] {
  const secret = [
    ...['keys', 'ca', 'tls'].flatMap((dir) =>
      existsSync(join(dataDir, dir))
        ? readdirSync(join(dataDir, dir)).map((name) => join(dataDir, dir, name))
        : [],
    ),
  ].filter((path) => readFileSync(path, 'utf8').includes('PRIVATE KEY'))
  const open = secret.filter((path) => (statSync(path).mode & 0o077) !== 0)
  if (secret.length === 0)
    return [finding('keys', 'bad', `no keys below ${dataDir}. Fix: hours init, or restore.`)]
  return open.length === 0
    ? [finding('keys', 'good', `${secret.length} private keys, each for its owner alone`)]
    : [
        finding(
          'keys',
          'bad',
          `others may read ${open.join(', ')}. Fix: chmod 600; take them for known, and change them.`,
        ),
      ]
}

export function certificateFindings(dataDir: string, files: readonly string[]): Finding[] {
  const own = ['ca/ca.pem', 'tls/site.pem'].map((name) => join(dataDir, name))
  return [...own, ...files]
    .filter((path) => existsSync(path))
    .map((path) => {
      const { validTo } = new X509Certificate(readFileSync(path))
      const days = Math.floor((Date.parse(validTo) - Date.now()) / DAY)
      const verdict = days < 7 ? 'bad' : days < 30 ? 'note' : 'good'
      return finding('certificate', verdict, `${path}: ${days} days left`)
    })
}

export async function portFinding(port: number): Promise<Finding> {
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  return finding(
    'port',
    free ? 'good' : 'note',
    free ? `${port} is free` : `${port} is in use: by serve, or by something else`,
  )
}

/** The log against what operations.sqlite remembers of it: a shorter or another one was put back from a backup. */
export function logFindings(dataDir: string): Finding[] {
  const logDir = join(dataDir, 'log')
  const db = openOperations(join(dataDir, 'operations.sqlite'))
  const heads = db.prepare('SELECT origin, size, root FROM heads').all()
  db.close()
  return heads.map(({ origin, size, root }) => {
    const year = String(origin).slice(String(origin).lastIndexOf('/') + 1)
    const path = join(logDir, year, 'checkpoint')
    const now = existsSync(path) ? headOf(readFileSync(path, 'utf8'), path).size : 0
    if (now < Number(size))
      return finding(
        'log',
        'bad',
        `${String(origin)}: ${now} records, but it has had ${String(size)}: rolled back. Fix: the newest copy, from a mirror.`,
      )
    return rootAt(logDir, Number(year), Number(size)) === root
      ? finding(
          'log',
          'good',
          `${String(origin)}: ${now} records, and the first ${String(size)} are the known ones`,
        )
      : finding('log', 'bad', `${String(origin)}: its first ${String(size)} records are not the known ones`)
  })
}

/** What waits for the series store, and what it did not take. */
export function seriesFindings(dataDir: string): Finding[] {
  const outbox = readOutbox(join(dataDir, 'outbox.sqlite'))
  if (!outbox) return [finding('series', 'note', 'nothing has gone to a series store yet')]
  const { waiting, dropped, reasons, lacking } = outbox
  const again = 'Fix: hours rebuild --series.'
  const found = [
    ...(lacking === null ? [] : [finding('series', 'bad', `${lacking} ${again}`)]),
    ...(dropped > 0
      ? [finding('series', 'bad', `${dropped} points were dropped as too much waited. ${again}`)]
      : []),
    ...reasons.map(({ reason, points }) =>
      finding('series', 'bad', `${points} points refused for ever: ${reason}`),
    ),
  ]
  return found.length > 0 ? found : [finding('series', 'good', `${waiting} points wait, none was refused`)]
}

export function auditFinding(dataDir: string): Finding {
  const registers = openRegisters(dataDir, systemClock)
  const { broken, size } = registers.audit.check()
  registers.close()
  return broken === undefined
    ? finding('audit', 'good', `${size} entries, each holding those before`)
    : finding('audit', 'bad', `entry ${broken} has been changed or taken out`)
}

function outputOf(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      timeout: 5_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return undefined
  }
}
