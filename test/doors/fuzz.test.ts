import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDoorsWorld, type Caller, type DoorsWorld, foreign } from './doors.fixture.ts'
import { type FuzzRequest, type OpenApi, requestsOf } from './fuzz-requests.ts'

const long = process.env['HOURS_LONG'] === '1'
const requests = Number(process.env['HOURS_FUZZ_REQUESTS'] ?? (long ? 100_000 : 20_000))
/** A request that takes longer hangs. */
const patience = 10_000

let world: DoorsWorld
let callers: readonly Caller[]
beforeAll(async () => {
  world = await createDoorsWorld()
  const nobody: Caller = {
    headers: {},
    get: (url) => world.get(url),
    send: () => Promise.reject(new Error('unused')),
  }
  const own = await world.caller('organisation_admin', ['gibh'])
  callers = [await world.caller('operator', null), own, own, nobody]
})
afterAll(async () => world.close())

async function send({ method, url, type, payload }: FuzzRequest, { headers }: Caller) {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => timeout.reject(new Error(`${method} ${url}: no answer in ${patience} ms`)),
    patience,
  )
  try {
    const answer = world.api.inject({
      method: method as 'GET',
      url,
      headers: { ...headers, ...(type === undefined ? {} : { 'content-type': type }) },
      ...(payload === undefined ? {} : { payload }),
    })
    return await Promise.race([answer, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}

it('answers whatever its own description allows, and what it does not, without a fault, a hang, or a word of others', {
  timeout: long ? 1_200_000 : 240_000,
}, async () => {
  const document = (await callers[0]!.get('/api/v1/openapi.json')).json<OpenApi>()
  // Live events never end; signing out would end the callers.
  const one = requestsOf(document, /events$|logout$/)
  const seen = new Map<number, number>()
  let slowest = { ms: 0, what: '' }
  const begin = performance.now()
  await fc.assert(
    fc.asyncProperty(one, fc.integer({ min: 0, max: 3 }), async (request, who) => {
      const at = performance.now()
      const { statusCode, body } = await send(request, callers[who]!)
      const ms = performance.now() - at
      if (ms > slowest.ms) slowest = { ms, what: `${request.method} ${request.url.slice(0, 120)}` }
      seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1)
      expect(
        statusCode,
        `${request.method} ${request.url} ${request.payload ?? ''}: ${body.slice(0, 300)}`,
      ).toBeLessThan(500)
      if (who > 0) expect(body, `${request.method} ${request.url}`).not.toMatch(foreign)
    }),
    { numRuns: requests, endOnFailure: false },
  )
  const seconds = ((performance.now() - begin) / 1_000).toFixed(1)
  const codes = [...seen].sort(([a], [b]) => a - b).map(([code, n]) => `${code}: ${n}`)
  console.log(
    `${requests} requests in ${seconds} s; ${codes.join(', ')}; slowest ${slowest.ms.toFixed(0)} ms: ${slowest.what}`,
  )
  expect(seen.get(200) ?? 0).toBeGreaterThan(requests / 50)
  expect((await callers[0]!.get('/api/v1/instruments')).statusCode).toBe(200)
})
