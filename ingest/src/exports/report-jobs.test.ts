import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createManualClock, DAY, type ManualClock } from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ApiWorld, createApiWorld } from '../api/api.fixture.ts'
import { freshFolder, site, start } from '../ingest.fixture.ts'
import { createReportJobs, type ReportJobs, type ReportWork } from './report-jobs.ts'

const wish = { owner: 'ann', scope: 'all', period: '2026', format: 'csv' }
const writes =
  (text: string): ReportWork =>
  ({ path, progress }) => {
    writeFileSync(path, text)
    progress(1, 1)
    return Promise.resolve({ name: 'a.csv', type: 'text/csv' })
  }
/** Works until it is told to stop. */
const endless: ReportWork = ({ signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
  })

describe('jobs', () => {
  let folder: string
  let clock: ManualClock
  let jobs: ReportJobs
  beforeEach(() => {
    folder = freshFolder()
    clock = createManualClock(start)
    jobs = createReportJobs({ dir: join(folder, 'jobs'), clock, maxWaiting: 2, maxJobs: 3, maxBytes: 100 })
  })
  afterEach(async () => {
    await jobs.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const begin = (work: ReportWork, owner = 'ann') => jobs.start({ ...wish, owner }, work)?.id ?? ''
  const state = (id: string, owner = 'ann') => jobs.get(id, owner)?.state
  const ends = (id: string, as: string) => vi.waitFor(() => expect(state(id)).toBe(as))

  it('are done one after the other, and their file is there', async () => {
    const [a, b] = [begin(writes('first')), begin(writes('second'))]
    await ends(b, 'done')
    const job = jobs.get(a, 'ann')
    expect(job).toMatchObject({ state: 'done', done: 1, of: 1, file: { name: 'a.csv', size: 5 } })
    expect(readFileSync(job?.file?.path ?? '', 'utf8')).toBe('first')
  })

  it('are seen and stopped by nobody but who asked', async () => {
    const id = begin(writes('x'))
    await ends(id, 'done')
    expect(jobs.get(id, 'bob')).toBeUndefined()
    expect(jobs.cancel(id, 'bob')).toBe(false)
    expect(jobs.list('bob')).toEqual([])
    expect(jobs.list('ann')).toHaveLength(1)
  })

  it('go on when one before them is cancelled, running or waiting', async () => {
    const running = begin(endless)
    const waiting = begin(endless)
    const last = begin(writes('x'), 'bob')
    expect(jobs.cancel(running, 'ann')).toBe(true)
    expect(jobs.cancel(waiting, 'ann')).toBe(true)
    await vi.waitFor(() => expect(state(last, 'bob')).toBe('done'))
    expect([state(running), state(waiting)]).toEqual(['cancelled', 'cancelled'])
    expect(readdirSync(join(folder, 'jobs'))).toEqual([last])
  })

  it('that fail say why and leave no file', async () => {
    const id = begin(({ path }) => {
      writeFileSync(path, 'half')
      return Promise.reject(new Error('the disk is full'))
    })
    await ends(id, 'failed')
    expect(jobs.get(id, 'ann')?.failure).toMatchObject({ message: 'the disk is full' })
    expect(readdirSync(join(folder, 'jobs'))).toEqual([])
  })

  it('are refused when their owner waits for too many; others are not', async () => {
    const first = begin(endless)
    begin(endless)
    expect(begin(endless)).toBe('')
    const other = begin(writes('x'), 'bob')
    expect(other).not.toBe('')
    // Three of three: no room for a fourth while none is finished.
    expect(begin(writes('x'), 'eve')).toBe('')
    jobs.cancel(first, 'ann')
    expect(begin(writes('x'), 'eve')).not.toBe('')
  })

  it('are bounded on disk: the oldest files make room, and one that is too big fails', async () => {
    const a = begin(writes('a'.repeat(60)))
    await ends(a, 'done')
    const b = begin(writes('b'.repeat(60)))
    await ends(b, 'done')
    expect(state(a)).toBeUndefined()
    expect(readdirSync(join(folder, 'jobs'))).toEqual([b])
    const c = begin(writes('c'.repeat(101)))
    await ends(c, 'failed')
    expect(state(b)).toBe('done')
  })

  it('of somebody who has many make room, not the one of somebody else', async () => {
    const other = begin(writes('x'), 'bob')
    await vi.waitFor(() => expect(state(other, 'bob')).toBe('done'))
    for (let i = 0; i < 6; i++) await ends(begin(writes('x')), 'done')
    expect(state(other, 'bob')).toBe('done')
    expect(jobs.list('ann')).toHaveLength(2)
  })

  it('are forgotten with their files after a day', async () => {
    const id = begin(writes('x'))
    await ends(id, 'done')
    clock.advanceTo(start + DAY - 1)
    expect(state(id)).toBe('done')
    clock.advanceTo(start + DAY + 60_000)
    expect(readdirSync(join(folder, 'jobs'))).toEqual([])
    expect(state(id)).toBeUndefined()
  })

  it('end with the process, files of an earlier one included', async () => {
    const dir = join(folder, 'jobs')
    writeFileSync(join(dir, 'left'), 'x')
    const other = createReportJobs({ dir, clock })
    expect(readdirSync(dir)).toEqual([])
    await other.close()
    expect(existsSync(dir)).toBe(false)
  })
})

describe('reports over HTTP', () => {
  let world: ApiWorld
  beforeEach(async () => {
    world = await createApiWorld({
      writeBundle: ({ scope, period }, { path, progress }) => {
        writeFileSync(path, `bundle of ${scope} ${period}`)
        progress(2, 2)
        return Promise.resolve({ name: 'bundle.zip', type: 'application/zip' })
      },
    })
    await world.page()
  })
  afterEach(() => world.close())
  const post = (payload: object) => world.api.inject({ method: 'POST', url: '/api/v1/reports', payload })
  const done = async (url: string) =>
    vi.waitFor(async () => {
      const job = (await world.get(url)).json<{ state: string; file: string; size: number }>()
      expect(job.state).toBe('done')
      return job
    })

  it('a job gives the very bytes that the direct export gives', async () => {
    const made = await post({ scope: 'all', period: '2026-01-05', format: 'csv' })
    expect(made.statusCode).toBe(202)
    const job = await done(String(made.headers['location']))
    expect(job).toMatchObject({
      progress: { done: 2, of: 2 },
      name: 'figures-all-2026-01-05.csv',
      problem: null,
    })
    const file = await world.get(job.file)
    expect(file.headers['content-length']).toBe(String(job.size))
    const direct = await world.get('/api/v1/exports?scope=all&period=2026-01-05&format=csv')
    expect(file.rawPayload.equals(direct.rawPayload)).toBe(true)
    expect(file.body).toContain(`${site}/sem-01`)
  })

  it('a bundle is written by what was wired for it', async () => {
    const made = await post({ scope: `${site}/sem-01`, period: '2026', format: 'bundle' })
    const job = await done(String(made.headers['location']))
    const file = await world.get(job.file)
    expect(file.headers['content-type']).toBe('application/zip')
    expect(file.body).toBe(`bundle of ${site}/sem-01 2026`)
  })

  it('a job that fails says what is to be done, and has no file', async () => {
    await world.ingest.record('session', site, {
      ...{ id: 's', instrument: 'sem-01', from: start, to: start + 60_000, beneficiary: 'gibh', user: 'u' },
      ...{ purpose: 'research', way: 'self', actor: 'a', externalIds: [] },
    } as never)
    const made = await post({ period: '2026-01-05', format: 'sj3', schoolCode: '12345' })
    const url = String(made.headers['location'])
    await vi.waitFor(async () =>
      expect((await world.get(url)).json()).toMatchObject({
        state: 'failed',
        problem: { status: 409, field: 'unattributed' },
      }),
    )
    expect((await world.get(`${url}/file`)).statusCode).toBe(409)
  })

  it('a job that is deleted is gone, and one nobody knows is 404', async () => {
    const made = await post({ period: '2026-01-05', format: 'json' })
    const url = String(made.headers['location'])
    await done(url)
    expect((await world.api.inject({ method: 'DELETE', url })).statusCode).toBe(204)
    for (const path of [url, `${url}/file`, '/api/v1/reports/nothing'])
      expect((await world.get(path)).statusCode).toBe(404)
    expect((await world.get('/api/v1/reports')).json()).toEqual({ items: [] })
  })

  it.each([
    [{ period: '2026', scope: 'org:none' }, 404],
    [{ period: 'soon' }, 400],
    [{ period: '2026', format: 'doc' }, 400],
    [{ period: '2026', format: 'sj3' }, 400],
    [{ period: '2026', speed: 1 }, 400],
    [{}, 400],
  ])('%j is answered %i', async (payload, status) => {
    expect((await post(payload)).statusCode).toBe(status)
  })
})
