import { createServer, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import { httpSource } from '@hours/verifier'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hostileCases } from '../hostile-cases.ts'
import { type Caller, createDoorsWorld, type DoorsWorld } from './doors.fixture.ts'

hostileCases()
/** 256 MB of spaces in 256 KB. */
const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024, ' '), { level: 9 })
const grownMb = async (task: () => Promise<unknown>) => {
  const before = process.memoryUsage().rss
  await task()
  return (process.memoryUsage().rss - before) / 2 ** 20
}

describe('a short file that unpacks to a long one', () => {
  let world: DoorsWorld
  let caller: Caller

  beforeAll(async () => {
    world = await createDoorsWorld()
    caller = await world.caller('facility_manager', ['gibh'])
  })
  afterAll(() => world.close())

  it.each([
    ['as a gzip file', { 'content-type': 'application/gzip' }],
    ['as text that is said to be packed', { 'content-type': 'text/csv', 'content-encoding': 'gzip' }],
    ['as JSON that is said to be packed', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
  ])('is refused at the import %s, and never unpacked', async (_how, headers) => {
    const refused = async () => {
      const answer = await world.api.inject({
        method: 'POST',
        url: '/api/v1/imports',
        headers: { ...caller.headers, ...headers },
        payload: bomb,
      })
      expect(answer.statusCode).toBeGreaterThanOrEqual(400)
      expect(answer.statusCode).toBeLessThan(500)
      expect(answer.statusCode).not.toBe(404)
    }
    expect(await grownMb(refused)).toBeLessThan(64)
  })
})

describe('a mirror of the log that answers with one', () => {
  let server: Server | undefined
  afterEach(() => new Promise((resolve) => server?.close(resolve)))

  it('is read no further than a checkpoint or a tile may be long', async () => {
    server = createServer((_request, answer) => {
      answer.writeHead(200, { 'content-encoding': 'gzip' })
      answer.end(bomb)
    })
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const source = httpSource(`http://127.0.0.1:${port}/log`)
    const read = async () => {
      expect(await source.checkpoint(2026)).toBeUndefined()
      expect(await source.file(2026, 'tile/entries/000')).toBeUndefined()
    }
    expect(await grownMb(read)).toBeLessThan(128)
  })
})
