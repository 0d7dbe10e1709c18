import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { parseGatewayConfig } from '@hours/gateway'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { stringify } from 'yaml'
import { makeTestCa } from '../contract/certificates.ts'
import { freePort, instrument, runSources, testFolder } from './sources.fixture.ts'

const token = 'a-token-of-the-test-bench'
vi.stubEnv('PUSH_TOKEN', token)
const source = { kind: 'http-push', name: 'sem', tokenEnv: 'PUSH_TOKEN' } as const

type Push = (
  body: string,
  how?: { readonly key?: string; readonly name?: string; readonly method?: string },
) => Promise<{ readonly status: number; readonly text: string }>

async function bench(change: Record<string, unknown> = {}) {
  const port = await freePort()
  const listen = `127.0.0.1:${port}`
  const running = runSources([instrument(source, change)], { push: listen })
  const push: Push = async (body, { key = token, name = 'sem', method = 'POST' } = {}) => {
    const answer = await fetch(`http://${listen}/push/${name}`, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(method === 'POST' ? { body } : {}),
    })
    return { status: answer.status, text: await answer.text() }
  }
  await vi.waitFor(() => push('{}'), { timeout: 5_000 })
  return { ...running, push, port }
}

describe('an instrument PC that pushes', () => {
  it('its power, energy and on-time count', async () => {
    const { push, shows } = await bench()
    expect(await push('{"powerW":812.5,"energyWh":120,"onSeconds":5}')).toEqual({ status: 204, text: '' })
    await shows('run', 812_500)
    expect((await push('{"powerW":41}')).status).toBe(204)
    await shows('standby', 41_000)
  })

  it('that only states what it does is believed', async () => {
    const { push, shows } = await bench()
    for (const state of ['run', 'standby', 'fault', 'off']) {
      expect((await push(`{"state":"${state}"}`)).status).toBe(204)
      await shows(state)
    }
  })

  it('is told what is wrong, and nothing of it counts', async () => {
    const { push, now, raises } = await bench()
    expect(await push('{"powerW":"much"}')).toMatchObject({ status: 400 })
    const dancing = await push('{"state":"dancing"}')
    expect(dancing.status).toBe(400)
    expect(dancing.text).toContain('must be off, standby, run or fault')
    expect(await push(`{"powerW":1e3,"at":${Date.now() - 3_600_000}}`)).toMatchObject({ status: 400 })
    expect(await push('{"powerW":')).toMatchObject({ status: 400 })
    expect(await push('\u0000')).toMatchObject({ status: 400 })
    await raises('source_refused:sem-01:not_json')
    expect(now()).toEqual(['unknown', null])
  })

  it('needs the token of its name; names cannot be found out', async () => {
    const { push, now } = await bench()
    const wrong = await push('{"state":"run"}', { key: 'wrong' })
    expect(wrong.status).toBe(401)
    expect(await push('{"state":"run"}', { name: 'nobody' })).toEqual(wrong)
    expect(await push('{"state":"run"}', { method: 'GET' })).toMatchObject({ status: 405 })
    expect(await push('{"state":"run"}', { name: '../sem' })).toMatchObject({ status: 404 })
    expect(now()[0]).toBe('unknown')
  })

  it('may neither send much nor often', async () => {
    const { push } = await bench()
    expect((await push(`{"x":"${'a'.repeat(5_000)}"}`)).status).toBe(413)
    const answers = await Promise.all(Array.from({ length: 60 }, () => push('{"powerW":1}')))
    expect(answers.some(({ status }) => status === 429)).toBe(true)
    expect(answers.some(({ status }) => status === 204)).toBe(true)
  })

  it('that connects and says nothing is cut off', async () => {
    const { port } = await bench()
    const socket = connect(port, '127.0.0.1')
    socket.write('POST /push/sem HTTP/1.1\r\n')
    socket.on('error', () => undefined)
    socket.resume()
    await once(socket, 'close', { signal: AbortSignal.timeout(45_000) })
    expect(socket.destroyed).toBe(true)
  })

  it('that falls silent is unknown, from its last word on', async () => {
    const { push, shows } = await bench({ maxGapMs: 1_000 })
    await push('{"state":"run"}')
    await shows('run')
    await shows('unknown')
    await push('{"state":"run"}')
    await shows('run')
  })
})

it('two pushed sources share one port, each with its own token', async () => {
  vi.stubEnv('OTHER_TOKEN', 'another-token-of-this-bench')
  const port = await freePort()
  const other = { ...source, name: 'xrd', tokenEnv: 'OTHER_TOKEN' }
  const bench = runSources([instrument(source), instrument(other, { id: 'xrd-01' })], {
    push: `127.0.0.1:${port}`,
  })
  const push = (name: string, key: string) =>
    fetch(`http://127.0.0.1:${port}/push/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: '{"state":"run"}',
    })
  await vi.waitFor(() => push('sem', token), { timeout: 5_000 })
  expect((await push('xrd', token)).status).toBe(401)
  expect(bench.now('xrd-01')[0]).toBe('unknown')
  expect((await push('xrd', 'another-token-of-this-bench')).status).toBe(204)
  expect(bench.now('xrd-01')[0]).toBe('run')
})

it('off loopback it is TLS or nothing', async () => {
  const folder = testFolder()
  const authority = await makeTestCa('push test')
  const issued = await authority.issue('CN=gw-1', { server: true })
  const paths = { cert: join(folder, 'gateway.pem'), key: join(folder, 'gateway.key') }
  writeFileSync(paths.cert, issued.cert)
  writeFileSync(paths.key, issued.key)
  const port = await freePort()
  const bench = runSources([instrument(source)], { push: { listen: `127.0.0.1:${port}`, ...paths } })
  const push = () =>
    new Promise<number>((resolve, reject) => {
      const sent = request(
        {
          port,
          host: '127.0.0.1',
          path: '/push/sem',
          method: 'POST',
          ca: authority.cert,
          servername: 'localhost',
          headers: { authorization: `Bearer ${token}` },
        },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode ?? 0)
        },
      )
      sent.on('error', reject)
      sent.end('{"state":"run"}')
    })
  expect(await vi.waitFor(push, { timeout: 5_000 })).toBe(204)
  await bench.shows('run')
  await expect(fetch(`http://127.0.0.1:${port}/push/sem`)).rejects.toThrow()
})

it.each([
  ['push: 0.0.0.0:8095', /plain HTTP is for loopback only/],
  ['push: { listen: "0.0.0.0:8095", cert: nowhere.pem, key: nowhere.key }', /no such file/],
  ['push: { listen: "127.0.0.1:8095", cert: nowhere.pem }', /belong together/],
  ['', /push: absent/],
  ['push: 8095', /push/],
])('%s is refused with a reason', (line, why) => {
  const head = 'site: lab\ngateway: gw-1\nbroker: { url: mqtt://127.0.0.1 }\n'
  const text = `${head}${line}\n${stringify({ instruments: [instrument(source)] })}`
  expect(() => parseGatewayConfig(text)).toThrow(why)
})

it('a token that is not set or can be guessed is refused', () => {
  const text = stringify({
    site: 'lab',
    gateway: 'gw-1',
    broker: { url: 'mqtt://127.0.0.1' },
    push: '127.0.0.1:8095',
    instruments: [instrument(source)],
  })
  expect(() => parseGatewayConfig(text, 'x', { env: {} })).toThrow(/PUSH_TOKEN/)
  expect(() => parseGatewayConfig(text, 'x', { env: { PUSH_TOKEN: 'short' } })).toThrow(/16 characters/)
})

it('a port that somebody else has is said by an alarm, and nothing ends', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const bench = runSources([instrument(source)], { push: `127.0.0.1:${port}` })
  await bench.raises('source_failed:sem-01')
  expect(bench.now()[0]).toBe('unknown')
})
