import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevicePublisher, createPlugBroker } from '@hours/firmware-sim'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
let dir: string
const running: ChildProcess[] = []
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'gateway-cli-'))))
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

const yaml = (local: string) => `
site: lab
gateway: gw-1
broker: { url: mqtt://127.0.0.1:1 }
local: { url: ${local} }
data: data
instruments:
  - { id: sem-01, source: { kind: tasmota, topic: pow1 }, thresholds: { onStartMw: 5000, onStopMw: 3000, runStartMw: 400000, runStopMw: 300000 } }
`

function hours(...args: string[]) {
  const child = spawn(process.execPath, ['hours.ts', 'gateway', ...args], {
    cwd: root,
    env: { ...process.env, INIT_CWD: dir, HOURS_LOG: 'silent' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  const said = { out: '', error: '' }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (said.out += piece))
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said.error += piece))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, said, ended }
}

it('hours gateway starts, refuses a second one on its folder, and stops within 3 s of a signal', {
  timeout: 40_000,
}, async () => {
  writeFileSync(join(dir, 'gateway.yaml'), yaml('mqtt://127.0.0.1:2'))
  const first = hours('--config', 'gateway.yaml')
  await vi.waitFor(() => expect(first.said.out).toContain('page key gw-1#1 '), { timeout: 15_000 })
  expect(first.said.out).toContain(`data in ${join(dir, 'data')}`)
  const second = hours('--config', 'gateway.yaml')
  expect(await second.ended).toBe(1)
  expect(second.said.error).toContain('another gateway runs on this folder')
  const before = performance.now()
  first.child.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  expect(performance.now() - before).toBeLessThan(3_000)
})

it('hours gateway says every fault and what to do, and ends with 2 for wrong usage', {
  timeout: 40_000,
}, async () => {
  writeFileSync(join(dir, 'gateway.yaml'), yaml('mqtt://127.0.0.1:2').replace('topic: pow1', 'topick: pow1'))
  const [faulty, none] = [hours('--config', 'gateway.yaml'), hours()]
  expect([await faulty.ended, await none.ended]).toEqual([1, 2])
  expect(faulty.said.error).toContain('instruments.0.source.topic: absent')
  expect(none.said.error).toContain('--config FILE is needed')
})

it('hours gateway --discover prints the plugs on the local broker as YAML', { timeout: 40_000 }, async () => {
  const broker = await createPlugBroker()
  const plugs = await createDevicePublisher(broker.url)
  const listening = hours('--discover', '--local', broker.url, '--seconds', '4')
  await vi.waitFor(() => expect(listening.said.error).toContain('listening to'), { timeout: 15_000 })
  const say = setInterval(() => {
    void plugs.publish([{ topic: 'tele/pow7/SENSOR', payload: '{"ENERGY":{"Power":230}}', at: 0 }])
  }, 200)
  try {
    expect(await listening.ended).toBe(0)
  } finally {
    clearInterval(say)
    await plugs.close()
    await broker.close()
  }
  expect(listening.said.out).toContain('topic: pow7')
  expect(listening.said.out).toContain('230 W')
})
