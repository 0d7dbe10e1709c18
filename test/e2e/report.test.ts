import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi } from '@hours/ingest'
import { unzipSync } from 'fflate'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { instrument, period, type ReportedSite, reportedSite, verdictOf } from '../attacks/bundle.fixture.ts'

let world: ReportedSite
let dir: string
beforeAll(async () => {
  world = await reportedSite()
  dir = mkdtempSync(join(tmpdir(), 'hours-report-'))
}, 60_000)
afterAll(async () => {
  await world.close()
  rmSync(dir, { recursive: true })
})

it('a report asked for over the API comes as a zip that holds under the regulator s policy', async () => {
  const { ingest, dataDir } = world
  const api = await createApi({
    ...{ ingest, log: pino({ level: 'silent' }), software: 'test', logDir: join(dataDir, 'log') },
  })
  try {
    const wish = { scope: instrument, period, format: 'bundle' }
    const asked = await api.inject({ method: 'POST', url: '/api/v1/reports', payload: wish })
    expect(asked.statusCode, asked.body).toBe(202)
    const { id } = asked.json<{ id: string }>()
    const job = () =>
      api.inject({ url: `/api/v1/reports/${id}` }).then((reply) => reply.json<{ state: string }>())
    await vi.waitFor(async () => expect(await job()).toMatchObject({ state: 'done' }), 20_000)
    const file = await api.inject({ url: `/api/v1/reports/${id}/file` })
    expect(file.headers['content-type']).toBe('application/zip')
    const unpacked = Object.entries(unzipSync(file.rawPayload))
    const verdict = verdictOf(
      new Map(unpacked.map(([name, bytes]) => [name, Buffer.from(bytes)])),
      world.policy,
    )
    expect(verdict.problems).toEqual([])
    expect(verdict).toMatchObject({ ok: true, independent: true })
  } finally {
    await api.close()
  }
})

/** The command line as people use it: what it printed, and its exit code. */
async function hours(...args: string[]): Promise<{ said: string; code: number }> {
  const child = spawn(process.execPath, ['hours.ts', ...args], { cwd: join(import.meta.dirname, '../..') })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const [code] = (await once(child, 'exit')) as [number]
  return { said, code }
}

it('hours report writes it, hours verify checks it and says by its exit code what it is worth', async () => {
  const { policy, dataDir } = world
  await world.ingest.witnessing.round()
  await world.stop()
  const out = join(dir, 'bundle')
  const wrote = await hours('report', '--data', dataDir, '--period', period, '--out', out)
  expect(wrote, wrote.said).toMatchObject({ code: 0 })
  const again = await hours('report', '--data', dataDir, '--period', period, '--out', out)
  expect(again.code).not.toBe(0)
  expect(again.said).toMatch(/is not empty/)

  expect(await hours('verify', out)).toMatchObject({
    code: 4,
    said: expect.stringMatching(/NOT INDEPENDENT/) as string,
  })
  const own = join(dir, 'mine.policy')
  writeFileSync(own, policy)
  const mine = await hours('verify', out, '--policy', own, '--json')
  expect(mine, mine.said).toMatchObject({ code: 0 })
  const prove = (page: string) => hours('prove', out, '--page', page, '--policy', own, '--out', dir)
  const proved = await prove('gw-1/0/3')
  expect(proved).toMatchObject({ code: 0 })
  // The line that a tool wants which takes names literally: here the policy's own, as the log has one year.
  expect(proved.said).toContain(policy.split('\n').find((line) => line.startsWith('log ')))
  expect(readFileSync(join(dir, 'entry.tlog-proof'), 'utf8')).toMatch(
    /^c2sp\.org\/tlog-proof@v1\nindex \d+\n/,
  )
  expect(await prove('gw-1/0/999')).toMatchObject({ code: 1 })
  expect(await prove('gw-1')).toMatchObject({ code: 2 })
  writeFileSync(
    join(out, 'figures.csv'),
    readFileSync(join(out, 'figures.csv'), 'utf8').replace(',run,', ',walk,'),
  )
  const edited = await hours('verify', out, '--policy', own)
  expect(edited.code).toBe(1)
  expect(edited.said).toMatch(/PROBLEM digest at figures.csv/)
  expect((await hours('verify')).code).toBe(2)

  const table = join(dir, 'figures.csv')
  expect(
    (await hours('report', '--data', dataDir, '--period', period, '--format', 'csv', '--out', table)).code,
  ).toBe(0)
  expect(readFileSync(table, 'utf8')).toMatch(/sem-01/)
  const early = await hours('report', '--data', dataDir, '--period', '2199', '--out', join(dir, 'x'))
  expect(early).toMatchObject({ said: expect.stringMatching(/"2199" is not over/) as string })
}, 240_000)
