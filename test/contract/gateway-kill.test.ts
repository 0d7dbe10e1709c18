import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSpool } from '@hours/gateway'
import { parseRecord, recordDigest } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { decodePage } from '@hours/protocol'
import { expect, it } from 'vitest'

const start = Date.UTC(2026, 0, 5)
/** maxGap is 90 s: with the 5 s that a checkpoint may be behind, this much away leaves nothing unknown. */
const awayMs = 60_000

/** Runs the gateway until it has said `lines` checkpoints, kills it, and returns the last that is on disk. */
async function runAndKill(folder: string, from: number, lines: number): Promise<number> {
  const script = join(import.meta.dirname, 'gateway-kill.child.ts')
  const child = spawn(process.execPath, [script, folder, String(from), String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    if (text.split('\n').length > lines) child.kill('SIGKILL')
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect([code, signal]).toEqual([null, 'SIGKILL'])
  const whole = text.slice(0, text.lastIndexOf('\n')).split('\n')
  return Number(whole.at(-1))
}

it('kill -9, again and again: the chain goes on, and no second is lost, doubled or invented', {
  timeout: 60_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-kill-'))
  try {
    let at = start
    for (const lines of [3, 40, 97, 150, 211, 60]) at = (await runAndKill(folder, at, lines)) + awayMs
    const spool = openSpool(join(folder, 'spool.sqlite'), { maxBytes: 1e9, maxAgeDays: 366 }, () => at)
    const bytes = []
    for (let page = spool.pageAfter({ epoch: -1, seq: -1 }); page; page = spool.pageAfter(page))
      bytes.push(spool.pageBytes(page.epoch, page.seq)!)
    spool.close()
    const pages = bytes.map((one) => {
      const record = parseRecord(one)
      const page = record.ok ? decodePage(record.value.payload) : record
      if (!page.ok) throw new Error(page.error.message)
      return page.value
    })
    expect(pages.length).toBeGreaterThan(40)
    for (const [i, page] of pages.entries()) {
      const [one] = page.instruments
      expect(page.seq).toBe(i)
      expect(page.prev).toBe(i === 0 ? null : recordDigest(bytes[i - 1]!, nodeCrypto.sha256))
      expect([page.from, page.to]).toEqual([start + i * 60_000, start + (i + 1) * 60_000])
      expect([page.boot, page.mono]).toEqual([1, [i * 60_000, (i + 1) * 60_000]])
      expect(one?.spans).toEqual([['run', 0, 60_000]])
      expect([one?.onMs, one?.runMs]).toEqual([(i + 1) * 60_000, (i + 1) * 60_000])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
