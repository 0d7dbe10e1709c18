import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IngestError } from '@hours/ingest'
import {
  bundlesOfSize,
  emptyEdge,
  formatTilePath,
  growEdge,
  leafHash,
  openCheckpoint,
  parseEntryBundle,
  parseVkey,
  tilesOfSize,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
  parseBase64,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { createManualClock } from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { entryOf, logSigner, openTestLog } from './log-writer.fixture.ts'

const { sha256 } = nodeCrypto
const year = new Date().getUTCFullYear()
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Reads a log's directory as a stranger would: everything recomputed from the entries. */
function readAsStranger(path: string, vkey: string): { size: number; entries: Uint8Array[] } {
  const key = parseVkey(vkey, sha256)
  if (!key.ok) throw new Error(key.error.message)
  const opened = openCheckpoint(
    readFileSync(join(path, 'checkpoint'), 'utf8'),
    { logs: [key.value] },
    nodeCrypto,
  )
  if (!opened.ok) throw new Error(opened.error.message)
  const { size, root } = opened.value.checkpoint
  const entries: Uint8Array[] = []
  for (const tile of bundlesOfSize(size)) {
    const bundle = parseEntryBundle(
      new Uint8Array(readFileSync(join(path, formatTilePath(tile)))),
      tile.width,
    )
    if (!bundle.ok) throw new Error(bundle.error.message)
    entries.push(...bundle.value)
  }
  const hashes = entries.map((entry) => leafHash(entry, sha256))
  expect(treeRoot(hashes, sha256)).toEqual(root)
  const tiles = growEdge(emptyEdge, hashes, sha256).tiles
  expect(tiles.map(formatTilePath).sort()).toEqual(tilesOfSize(size).map(formatTilePath).sort())
  for (const tile of tiles)
    if (!readFileSync(join(path, formatTilePath(tile))).equals(tile.bytes))
      throw new Error(`${formatTilePath(tile)} differs`)
  return { size, entries }
}

describe('sizes on disk', () => {
  it('a log that nothing was appended to has no checkpoint and size 0', async () => {
    const log = await openTestLog(directory)
    expect(log.size()).toBe(0)
    await log.close()
    expect(readdirSync(directory)).toEqual([])
  })

  it.each([1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 70_000])(
    'a log of %i leaves is what tlog-tiles says, and goes on after a restart',
    async (size) => {
      const log = await openTestLog(directory)
      await log.appendOpening()
      for (let at = 1; at < size; at += 10_000)
        await log.append(Array.from({ length: Math.min(10_000, size - at) }, (_, i) => entryOf(at + i)))
      const vkey = log.vkey()
      expect(log.size()).toBe(size)
      await log.close()
      const path = join(directory, String(year))
      const { entries } = readAsStranger(path, vkey)
      expect(entries.at(-1)).toEqual(size === 1 ? entries[0] : entryOf(size - 1))
      const again = await openTestLog(directory, { find: () => undefined })
      expect(again.size()).toBe(size)
      await again.append([entryOf(size)])
      expect(readAsStranger(path, vkey).size).toBe(size + 1)
      await again.close()
    },
    60_000,
  )

  it('leaves no partial tile behind once the full one is there', async () => {
    const log = await openTestLog(directory)
    for (let i = 0; i < 12; i++) await log.append(Array.from({ length: 25 }, (_, k) => entryOf(i * 25 + k)))
    await log.close()
    const entries = readdirSync(join(directory, String(year), 'tile', 'entries')).sort()
    expect(entries).toEqual(['000', '001.p'])
  })
})

describe('appending', () => {
  it('stops for good when a checkpoint could not be written and the one that is there cannot be read', async () => {
    const log = await openTestLog(directory)
    await log.append([entryOf(1)])
    const place = join(directory, String(year), 'checkpoint')
    rmSync(place)
    // Neither replaced by a file nor read as one.
    mkdirSync(place)
    await expect(log.append([entryOf(2)])).rejects.toMatchObject({ code: 'log_halted' })
    rmSync(place, { recursive: true })
    await expect(log.append([entryOf(3)])).rejects.toMatchObject({ code: 'log_halted' })
    await log.close()
  })

  it('gives the same bytes the same position, at once and after a restart', async () => {
    const log = await openTestLog(directory)
    const [a, b] = await log.append([entryOf(1), entryOf(1)])
    expect(a).toEqual(b)
    const [c] = await log.append([entryOf(1)])
    expect(c).toEqual(a)
    await log.close()
    const again = await openTestLog(directory)
    expect(await again.append([entryOf(1)])).toEqual([a])
    expect(again.size()).toBe(2)
    await again.close()
  })

  it('takes an entry of 65,535 bytes and refuses one more, and an empty one', async () => {
    const log = await openTestLog(directory)
    await log.append([new Uint8Array(65_535)])
    await expect(log.append([new Uint8Array(65_536)])).rejects.toMatchObject({ code: 'oversize' })
    await expect(log.append([new Uint8Array(0)])).rejects.toMatchObject({ code: 'oversize' })
    expect(log.size()).toBe(2)
    await log.close()
  })

  it('proves inclusion and consistency of everything it has signed', async () => {
    const log = await openTestLog(directory)
    const roots = new Map<number, string>()
    for (let i = 0; i < 8; i++) {
      await log.append(Array.from({ length: 70 }, (_, k) => entryOf(i * 70 + k)))
      roots.set(log.size(), log.root())
    }
    const size = log.size()
    const root = parseBase64(log.root())!
    const bytes = (lines: readonly string[]) => lines.map((line) => parseBase64(line)!)
    for (const index of [0, 1, 255, 256, 511, 512, size - 1]) {
      const proof = bytes(log.inclusion({ year, index }))
      const leaf = leafHash(log.entry({ year, index }), sha256)
      expect(verifyInclusion({ index, size, root, leafHash: leaf, proof }, sha256)).toBe(true)
    }
    for (const [oldSize, oldRoot] of roots) {
      const proof = bytes(log.consistency(year, oldSize, size))
      const claim = { oldSize, oldRoot: parseBase64(oldRoot)!, size, root, proof }
      expect(verifyConsistency(claim, sha256)).toBe(true)
      expect(log.rootAt(log.origin(year), oldSize)).toBe(oldRoot)
    }
    await log.close()
  })

  it('begins a new log each UTC year, whose opening names the end of the one before', async () => {
    const clock = createManualClock(Date.UTC(2025, 11, 31, 23, 59))
    const log = await openTestLog(directory, { clock })
    await log.append([entryOf(1)])
    const end = { origin: 'test.hours/2025', size: 2, root: log.root(2025) }
    clock.advanceTo(Date.UTC(2026, 0, 1))
    const [position] = await log.append([entryOf(2)])
    expect(position).toEqual({ year: 2026, index: 1 })
    const opening: unknown = JSON.parse(new TextDecoder().decode(log.entry({ year: 2026, index: 0 })))
    expect(opening).toEqual({ origin: 'test.hours/2026', previous: end })
    clock.step(-3_600_000)
    expect(await log.append([entryOf(3)])).toEqual([{ year: 2026, index: 2 }])
    expect([...log.entries()].length).toBe(5)
    await log.close()
  })
})

describe('recovery', () => {
  async function logOf(count: number): Promise<{ root: string; size: number; vkey: string }> {
    const log = await openTestLog(directory)
    for (let at = 0; at < count; at += 90)
      await log.append(Array.from({ length: Math.min(90, count - at) }, (_, k) => entryOf(at + k)))
    const made = { root: log.root(), size: log.size(), vkey: log.vkey() }
    await log.close()
    return made
  }

  const filesBelow = (path: string): string[] =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name))
      .sort()

  /** A small seeded generator: the same damage every time. */
  function* numbers(seed: number): Generator<number> {
    for (let x = seed; ; ) {
      x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0
      yield x / 2 ** 32
    }
  }

  it('mends hash tiles cut anywhere, and refuses by name when acknowledged entries are gone', async () => {
    const made = await logOf(600)
    const kept = `${directory}-kept`
    cpSync(directory, kept, { recursive: true })
    const random = numbers(20_260_101)
    let mended = 0
    let refused = 0
    for (let round = 0; round < 60; round++) {
      rmSync(directory, { recursive: true })
      cpSync(kept, directory, { recursive: true })
      const files = filesBelow(directory)
      const file = files[Math.floor(random.next().value * files.length)]!
      const length = Math.floor(random.next().value * statSync(file).size)
      truncateSync(file, length)
      try {
        const log = await openTestLog(directory)
        expect({ root: log.root(), size: log.size() }).toEqual({ root: made.root, size: made.size })
        expect([...log.entries()].length).toBe(made.size)
        await log.append([entryOf(9_999)])
        await log.close()
        expect(readAsStranger(join(directory, String(year)), made.vkey).size).toBe(made.size + 1)
        mended += 1
      } catch (error) {
        if (!(error instanceof IngestError)) throw error
        expect(error.code).toBe('log_damaged')
        expect(/checkpoint|entries/.test(file), `${file} cut to ${length}`).toBe(true)
        refused += 1
      }
    }
    rmSync(kept, { recursive: true })
    expect(mended).toBeGreaterThan(20)
    expect(refused).toBeGreaterThan(2)
  }, 60_000)

  it('removes what an append left behind that never got its checkpoint', async () => {
    const made = await logOf(300)
    const path = join(directory, String(year))
    const checkpoint = readFileSync(join(path, 'checkpoint'))
    const log = await openTestLog(directory)
    await log.append(Array.from({ length: 700 }, (_, k) => entryOf(5_000 + k, 'lost')))
    await log.close()
    writeFileSync(join(path, 'checkpoint'), checkpoint)
    writeFileSync(join(path, 'checkpoint.tmp'), 'half a check')
    const again = await openTestLog(directory)
    expect(again.size()).toBe(made.size)
    await again.append(Array.from({ length: 300 }, (_, k) => entryOf(8_000 + k, 'new')))
    await again.close()
    const read = readAsStranger(path, made.vkey)
    expect(read.size).toBe(made.size + 300)
    expect(read.entries.at(-1)).toEqual(entryOf(8_299, 'new'))
    expect(filesBelow(path).some((file) => file.endsWith('.tmp'))).toBe(false)
  })

  it('refuses to sign over a directory that was put back from a backup', async () => {
    await logOf(100)
    const backup = `${directory}-backup`
    cpSync(directory, backup, { recursive: true })
    const log = await openTestLog(directory)
    await log.append([entryOf(1_000)])
    const head = { origin: log.origin(year), size: log.size(), root: log.root(), by: 'a witness' }
    await log.close()
    rmSync(directory, { recursive: true })
    cpSync(backup, directory, { recursive: true })
    await expect(openTestLog(directory, { heads: [head] })).rejects.toMatchObject({ code: 'log_rolled_back' })
    const forked = await openTestLog(directory)
    await forked.append([entryOf(2_000), entryOf(2_001)])
    await forked.close()
    await expect(openTestLog(directory, { heads: [head] })).rejects.toMatchObject({ code: 'log_rolled_back' })
    rmSync(backup, { recursive: true })
  })

  it('refuses a checkpoint that another key or another log signed', async () => {
    await logOf(3)
    await expect(openTestLog(directory, { logName: 'other.hours' })).rejects.toMatchObject({
      code: 'log_damaged',
    })
    const other = { ...logSigner, publicKey: new Uint8Array(32).fill(1) }
    await expect(openTestLog(directory, { signer: other })).rejects.toMatchObject({ code: 'log_damaged' })
  })
})

describe('one writer', () => {
  it('refuses a second writer by naming the first, and lets the next one in after it', async () => {
    const first = await openTestLog(directory)
    await expect(openTestLog(directory)).rejects.toMatchObject({ code: 'locked' })
    await first.close()
    const second = await openTestLog(directory)
    await second.close()
  })

  it('takes over the lock of a process that is gone, or one that was torn', async () => {
    mkdirSync(directory, { recursive: true })
    for (const text of [JSON.stringify({ pid: 4_194_304, started: 'x' }), '{"pi']) {
      writeFileSync(join(directory, 'writer.lock'), text)
      const log = await openTestLog(directory)
      await log.close()
    }
  })
})

describe('kill -9', () => {
  it('loses nothing that was acknowledged', async () => {
    let from = 0
    const acknowledged: { i: number; year: number; index: number }[] = []
    for (let round = 0; round < 5; round++) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'log-writer.child.ts'), directory, String(from)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      let text = ''
      const wanted = 40 + round * 37
      await new Promise<void>((resolve, reject) => {
        child.stdout.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          if (text.split('\n').length > wanted) resolve()
        })
        child.once('exit', (code) => reject(new Error(`the writer ended by itself: ${code}`)))
      })
      child.removeAllListeners('exit')
      child.kill('SIGKILL')
      await once(child, 'exit')
      for (const line of text.split('\n').slice(0, -1)) {
        const [i = 0, ofYear = 0, index = 0] = line.split(' ').map(Number)
        acknowledged.push({ i, year: ofYear, index })
        from = Math.max(from, i + 1)
      }
      // Entries that were on their way may have been logged too; new numbers keep them apart.
      from += 1_000
    }
    const log = await openTestLog(directory)
    for (const { i, ...position } of acknowledged) expect(log.entry(position)).toEqual(entryOf(i))
    expect(acknowledged.length).toBeGreaterThan(300)
    const vkey = log.vkey()
    await log.close()
    readAsStranger(join(directory, String(year)), vkey)
  }, 60_000)
})
