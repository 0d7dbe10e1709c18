import { createHash, createPrivateKey, sign } from 'node:crypto'
import { renewalText } from '@hours/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Door } from '../../ingest/src/access/door.ts'
import { createDoorsWorld, type Caller, type DoorsWorld, foreign, password } from './doors.fixture.ts'
import { newCertificateRequest } from '../../cli/certificate-request.ts'
import { start } from '../../ingest/src/ingest.fixture.ts'
import { type FuzzRequest, type OpenApi, type Real, requestsOf } from './fuzz-requests.ts'

const long = process.env['HOURS_LONG'] === '1'
const requests = Number(process.env['HOURS_FUZZ_REQUESTS'] ?? (long ? 100_000 : 20_000))
/** A request that takes longer hangs. */
const patience = 10_000

let world: DoorsWorld
let callers: readonly Caller[]
beforeAll(async () => {
  // So many passwords, links, codes and requests of gateways are really looked at; each password takes 60 ms.
  world = await createDoorsWorld({}, 300)
  const nobody: Caller = {
    headers: {},
    get: (url) => world.get(url),
    send: () => Promise.reject(new Error('unused')),
  }
  const own = await world.caller('organisation_admin', ['gibh'])
  callers = [await world.caller('operator', null), own, own, nobody]
})
afterAll(async () => world.close())

/** Ids, hashes, codes, certificate requests that are really there, by the names of parameters and fields. */
async function realOf({ door, ingest }: DoorsWorld): Promise<Real> {
  const viewer = { name: 'F', role: 'viewer' as const, organisations: ['gibh'] }
  await door.accounts.create({ ...viewer, id: 'fuzz' }, password)
  await door.accounts.create({ ...viewer, id: 'fuzz-2' }, null)
  const hash = await ingest.record('correction', 'gz-gibh', {
    ...{
      of: ingest.registry.records('session')[0]?.hash ?? '',
      reason: 'fuzz',
      void: true,
      actor: 'somebody',
    },
  })
  // Names of the other organisation would come back as an echo.
  const sessions = ingest.registry
    .records('session')
    .filter((one) => !foreign.test(JSON.stringify(one.record)))
  return {
    site: ['gz-gibh', 'new-site'],
    instrument: ['sem-01', 'nmr-01', 'gz-gibh/sem-01', 'gz-gibh/nmr-01', 'gz-gibh/shared-own', 'new-01'],
    gateway: ['gw-1', 'gw-both', 'gw-new'],
    unit: ['gibh', 'gibh-stem'],
    organisation: ['gibh'],
    parent: ['gibh'],
    beneficiary: ['gibh'],
    channel: ['national'],
    scope: ['all', 'org:gibh', 'gz-gibh/sem-01', 'channel:national'],
    period: ['2026-01', '2026-01-05', '2026', 'AY2025', '2026-01-01..2026-01-08', '1000-01-01..9999-01-01'],
    date: ['2026-01-05'],
    ruleset: ['univ-sheet', 'zj-2021', 'cn-moe-2000', 'gd-2023'],
    parameters: ['{}', '{"baseHours":1200}', '{"insidePointsPer1000Yuan":1,"minimumValueYuan":1}'],
    from: [start, start + 3_600_000, '2026-01-05 09:00'],
    to: [start + 7_200_000, start + 86_400_000, '2026-01-05 10:00'],
    at: [start],
    year: ['2026'],
    '*': ['checkpoint', 'tile/0/000.p/1', 'tile/entries/000.p/1'],
    id: [...sessions.slice(0, 3).map(({ record }) => record.id), 'fuzzed', 'univ-sheet', 'national'],
    hash: [hash.hash],
    of: sessions.map((one) => one.hash),
    pseudonym: sessions.map(({ record }) => record.user),
    prefix: ['hk_aaaaaaaa'],
    code: Array.from({ length: 5 }, (_, i) => door.codes.issue('gz-gibh' as never, `gw-f${i}` as never)),
    ...(await renewalOf(door)),
    account: ['fuzz', 'fuzz', 'nobody'],
    password: [password, password, 'wrong'],
    token: [door.invitations.issue('fuzz-2'), 'x'],
    revision: [0, 1],
    format: ['csv', 'json'],
  }
}

/** A certificate that was given to gw-1, and a request for its next one that is signed by its key. */
async function renewalOf(door: Door) {
  const [first, next] = [await newCertificateRequest('gw-1'), await newCertificateRequest('gw-1')]
  const { certificate } = await door.ca.signGateway(first.csr, 'gw-1' as never)
  door.certificates.enrolled('gw-1', certificate)
  const digest = createHash('sha256').update(next.csr).digest('base64url')
  const key = { key: createPrivateKey(first.key), dsaEncoding: 'ieee-p1363' as const }
  const signature = sign('sha256', Buffer.from(renewalText(digest)), key).toString('base64url')
  return { certificate: [certificate], csr: [next.csr], signature: [signature] }
}

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
  const one = requestsOf(document, /events$|logout$/, await realOf(world))
  const seen = new Map<number, number>()
  const asked = new Set<string>()
  const entered = new Set<string>()
  let slowest = { ms: 0, what: '' }
  const begin = performance.now()
  await fc.assert(
    fc.asyncProperty(one, fc.integer({ min: 0, max: 3 }), async (request, who) => {
      const at = performance.now()
      const { statusCode, body } = await send(request, callers[who]!)
      const ms = performance.now() - at
      if (ms > slowest.ms) slowest = { ms, what: `${request.method} ${request.url.slice(0, 120)}` }
      seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1)
      asked.add(request.operation)
      if (statusCode < 400) entered.add(request.operation)
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
  const never = [...asked.difference(entered)].sort()
  console.log(
    `${entered.size} of ${asked.size} operations did what was asked at least once; never: ${never.join(', ')}`,
  )
  // Fewer would be knocking at doors: what is behind them is what is tried.
  expect(entered.size / asked.size).toBeGreaterThan(0.7)
  expect(seen.get(200) ?? 0).toBeGreaterThan(requests / 20)
  expect((await callers[0]!.get('/api/v1/instruments')).statusCode).toBe(200)
})
