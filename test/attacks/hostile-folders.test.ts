import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { formatTilePath, signCheckpoint, tilesOfSize } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { directorySource, verifyBundle, verifyLog } from '@hours/verifier'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { honestHour, logSigner, policy, policyText } from '../../verifier/src/memory-log.fixture.ts'
import { type ReportedSite, reportedSite } from './bundle.fixture.ts'
import { createForger, type Files } from './forger.fixture.ts'

/** So much memory `hours verify` takes at most, MB; for a report of one page it is 130. */
const mostMb = 500
const pages = 'gateways/gw-1/2026-01-04.jwsl'

let world: ReportedSite
let honest: Files
let dir: string
beforeAll(async () => {
  world = await reportedSite()
  honest = await world.report()
  dir = mkdtempSync(join(tmpdir(), 'hours-hostile-'))
  writeFileSync(join(dir, 'mine.policy'), world.policy)
  writeFileSync(join(dir, 'log.policy'), policyText())
  writeFileSync(join(dir, 'none.policy'), policyText('none'))
}, 60_000)
afterAll(async () => {
  await world.close()
  rmSync(dir, { recursive: true, force: true })
})

const sayMemory = `process.on('exit', () => console.error('peak', Math.round(process.resourceUsage().maxRSS / 1024)))`

/** `hours verify` as people run it: its exit code, what it said, the most memory it took in MB. */
async function verify(...args: string[]): Promise<{ code: number; said: string; mb: number }> {
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(sayMemory)}`, 'hours.ts', 'verify', ...args],
    {
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, NODE_COMPILE_CACHE: join(dir, 'cache') },
    },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const [code] = (await once(child, 'close')) as [number]

  return { code, said, mb: Number(/peak (\d+)/.exec(said)?.[1] ?? Number.NaN) }
}

/** One verdict: exit code 1 and a problem that says this, no trace, within bounds. */
function expectVerdict({ code, said, mb }: Awaited<ReturnType<typeof verify>>, problem: RegExp): void {
  expect(said).toMatch(problem)
  expect(said).not.toMatch(/^\s+at .*:\d+:\d+/m)
  expect(code, said).toBe(1)
  expect(mb).toBeLessThan(mostMb)
}

/** Writes the report's files into a folder of their own. */
function folderOf(name: string, files: Files): string {
  const folder = join(dir, name)
  for (const [file, bytes] of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), bytes)
  }
  return folder
}

/** A file of this length that takes no room. */
function sparse(path: string, length: number): void {
  const file = openSync(path, 'w')
  ftruncateSync(file, length)
  closeSync(file)
}

function repeated(path: string, piece: string, length: number): void {
  const file = openSync(path, 'w')
  const block = Buffer.from(piece.repeat(Math.ceil((1 << 20) / piece.length)))
  for (let written = 0; written < length; written += block.length) writeSync(file, block)
  closeSync(file)
}

/** The same in this process: for what takes no memory, but may wait for ever. */
const problemsOf = (folder: string) =>
  verifyBundle(folder).problems.map(({ code, message }) => `${code}: ${message}`)

const report = (folder: string) => verify(folder, '--policy', join(dir, 'mine.policy'))
const signed = (change: Parameters<ReturnType<typeof createForger>['signed']>[1], files = honest) =>
  createForger(world).signed(files, change)

describe('a report made to exhaust whoever checks it ends in one verdict', { timeout: 120_000 }, () => {
  it('lines without end or number', async () => {
    const folder = folderOf('newlines', honest)
    repeated(join(folder, pages), '\n', 40 << 20)
    expectVerdict(await report(folder), /PROBLEM unreadable at gateways/)
  })

  it('a million lines of one byte, each with its place', async () => {
    const folder = folderOf('bytes', honest)
    repeated(join(folder, pages), 'x\n', 2 << 20)
    writeFileSync(
      join(folder, `${pages}.positions`),
      Array.from({ length: 1 << 20 }, (_, i) => `2026/${i}\n`).join(''),
    )
    expectVerdict(await report(folder), /PROBLEM unreadable at gateways/)
  })

  it('half a million digests where records of others should be', async () => {
    const folder = folderOf('digests', honest)
    const digest = createHash('sha256').digest('base64url')
    repeated(join(folder, 'records/other.jwsl'), `#${digest}\n`, 22 << 20)
    const lines = Math.ceil((1 << 20) / 45) * 22
    writeFileSync(
      join(folder, 'records/other.jwsl.positions'),
      Array.from({ length: lines }, (_, i) => `2027/${i}\n`).join(''),
    )
    expectVerdict(await report(folder), /PROBLEM proof at 2027/)
  })

  it('a table of 60 MB, a proof of 200 MB', async () => {
    const folder = folderOf('long', honest)
    sparse(join(folder, 'figures.csv'), 60 << 20)
    sparse(join(folder, 'logs/2026/proof'), 200 << 20)
    const found = await report(folder)
    expectVerdict(found, /PROBLEM figure at figures.csv: 62914560 bytes/)
    expectVerdict(found, /PROBLEM proof at logs/)
  })

  it('a period of ten thousand years', async () => {
    const files = signed((of) => ({ ...of, period: '0001-01-01..9999-12-31' }))
    expectVerdict(await report(folderOf('period', files)), /PROBLEM figure at all/)
    const century = signed((of) => ({ ...of, period: '2000-01-01..2099-12-31' }))
    expectVerdict(await report(folderOf('century', century)), /PROBLEM figure at/)
  })

  it('a statement of 200,000 figures that no evidence gives', async () => {
    const files = signed((of) => ({
      ...of,
      figures: Array.from(
        { length: 200_000 },
        (_, i) => ({ ...of.figures[0], of: `x/${i}` }) as (typeof of.figures)[0],
      ),
    }))
    expectVerdict(await report(folderOf('figures', files)), /PROBLEM figure at figures.csv/)
  })

  it('links, pipes, files of a file manager, folders without end', () => {
    const link = folderOf('link', honest)
    rmSync(join(link, 'figures.csv'))
    symlinkSync('/etc/passwd', join(link, 'figures.csv'))
    expect(problemsOf(link)).toEqual([expect.stringMatching(/unreadable: figures.csv is neither a file nor/)])
    const pipe = folderOf('pipe', honest)
    rmSync(join(pipe, 'figures.csv'))
    execFileSync('mkfifo', [join(pipe, 'figures.csv')])
    expect(problemsOf(pipe)).toEqual([expect.stringMatching(/unreadable: figures.csv is neither a file nor/)])
    const opened = folderOf('opened', honest)
    writeFileSync(join(opened, '.DS_Store'), 'x')
    expect(problemsOf(opened)).toEqual([
      expect.stringMatching(/"\.DS_Store" is no part of .* Fix: delete it/),
    ])
    const deep = folderOf('deep', honest)
    mkdirSync(join(deep, 'a/b/c/d/e/f/g/h'), { recursive: true })
    expect(problemsOf(deep)).toEqual([expect.stringMatching(/folders deeper than 6/)])
  })

  it('what is no folder at all is wrong usage, and says what to do', async () => {
    writeFileSync(join(dir, 'report.zip'), 'PK')
    expect(await report(join(dir, 'report.zip'))).toMatchObject({
      code: 2,
      said: expect.stringMatching(/is no folder. Fix: unpack it/) as string,
    })
  })
})

describe('a log made to exhaust whoever checks it ends in one verdict', { timeout: 120_000 }, () => {
  /** A log of an hour in a folder. */
  async function logFolder(name: string): Promise<{ folder: string; year: string }> {
    const log = honestHour()
    const source = log.source()
    const folder = join(dir, name)
    const year = join(folder, '2026')
    mkdirSync(year, { recursive: true })
    writeFileSync(join(year, 'checkpoint'), (await source.checkpoint(2026)) ?? '')
    for (const tile of tilesOfSize(log.entries.length)) {
      const path = formatTilePath({ ...tile, level: 'entries' })
      const bytes = await source.file(2026, path)
      mkdirSync(dirname(join(year, path)), { recursive: true })
      if (bytes) writeFileSync(join(year, path), bytes)
    }
    return { folder, year }
  }
  const check = (folder: string, by = 'log.policy') => verify('--log', folder, '--policy', join(dir, by))

  it('as it was it holds', async () => {
    const { folder } = await logFolder('good')
    expect(await check(folder)).toMatchObject({ code: 0 })
  })

  it('a checkpoint that claims 4.5 quadrillion records', async () => {
    const { folder, year } = await logFolder('huge')
    const claim = { origin: 'test.hours/2026', size: 2 ** 52, root: new Uint8Array(32) }
    writeFileSync(join(year, 'checkpoint'), signCheckpoint(claim, logSigner, nodeCrypto.sha256))
    expectVerdict(await check(folder, 'none.policy'), /PROBLEM unreadable at 2026\/tile\/entries\/000: /)
  })

  it('a checkpoint that is a device, a pipe, or two gigabytes long', async () => {
    const { folder, year } = await logFolder('odd')
    const checkpoint = join(year, 'checkpoint')
    const codes = async () =>
      (await verifyLog(directorySource(folder), policy())).problems.map(({ code }) => code)
    rmSync(checkpoint)
    symlinkSync('/dev/zero', checkpoint)
    expect(await codes()).toEqual(['checkpoint'])
    rmSync(checkpoint)
    execFileSync('mkfifo', [checkpoint])
    expect(await codes()).toEqual(['checkpoint'])
    rmSync(checkpoint)
    sparse(checkpoint, 1_900 << 20)
    expectVerdict(await check(folder), /PROBLEM checkpoint at 2026\/checkpoint/)
  })

  it('a folder without a log in it; one that is not there is wrong usage', async () => {
    mkdirSync(join(dir, 'empty'))
    const { problems } = await verifyLog(directorySource(join(dir, 'empty')), policy())
    expect(problems).toMatchObject([{ code: 'unreadable', where: 'log' }])
    expect(await check(join(dir, 'nowhere'))).toMatchObject({ code: 2 })
  })
})
