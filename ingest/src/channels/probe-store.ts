import { DatabaseSync } from 'node:sqlite'
import type { ChannelId, Millis } from '@hours/protocol'
import type { ProbeResult } from './probe-result.ts'

/** Single results of probes; the log has one digest a channel a day. Bounded by age. */
export interface ProbeStore {
  put(channel: ChannelId, result: ProbeResult): void
  /** Of [from, to), oldest first. */
  between(channel: ChannelId, from: Millis, to: Millis): readonly ProbeResult[]
  /** The newest of one page, oldest of them first. */
  recent(channel: ChannelId, page: string, limit: number): readonly ProbeResult[]
  /** When the oldest kept one was; undefined = none. */
  oldest(channel: ChannelId): Millis | undefined
  forget(before: Millis): void
  close(): void
}

const schema = `
CREATE TABLE IF NOT EXISTS probe (channel TEXT NOT NULL, at INTEGER NOT NULL, page TEXT NOT NULL, result TEXT NOT NULL,
  PRIMARY KEY (channel, at, page)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS probe_page ON probe (channel, page, at);
`

/** Opens the store at `path` (`:memory:` keeps nothing). It may be deleted: incidents and digests stand in the log. */
export function openProbeStore(path: string): ProbeStore {
  const db = new DatabaseSync(path, { timeout: 5_000 })
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  db.exec(schema)
  const insert = db.prepare('INSERT OR REPLACE INTO probe VALUES (?, ?, ?, ?)')
  const range = db.prepare(
    'SELECT result FROM probe WHERE channel = ? AND at >= ? AND at < ? ORDER BY at, page',
  )
  const newest = db.prepare(
    'SELECT result FROM probe WHERE channel = ? AND page = ? ORDER BY at DESC LIMIT ?',
  )
  const first = db.prepare('SELECT min(at) AS at FROM probe WHERE channel = ?')
  const drop = db.prepare('DELETE FROM probe WHERE at < ?')
  const read = (rows: unknown[]) =>
    rows.map((row) => JSON.parse((row as { result: string }).result) as ProbeResult)
  return {
    put: (channel, result) => void insert.run(channel, result.at, result.page, JSON.stringify(result)),
    between: (channel, from, to) => read(range.all(channel, from, to)),
    recent: (channel, page, limit) => read(newest.all(channel, page, limit)).reverse(),
    oldest: (channel) => (first.get(channel) as { at: number | null } | undefined)?.at ?? undefined,
    forget: (before) => void drop.run(before),
    close: () => db.close(),
  }
}
