import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createPlugBroker } from '@hours/firmware-sim'
import { createGateway, listenLocally, mqttConnect, openSpool, simSync } from '@hours/gateway'
import { createApi, createIngest } from '@hours/ingest'
import { createBroker } from '@hours/broker'
import { createSigner, generateKey } from '@hours/ledger/node'
import {
  createManualClock,
  GatewayConfig,
  InstrumentSettings,
  MINUTE,
  SECOND,
  type StateSpans,
} from '@hours/protocol'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'

const shared = resolve(process.env['HOURS_SHARED'] ?? join(import.meta.dirname, '..', '..', '..', 'shared'))
const samplesFile = join(shared, 'data', 'mlperf-xavier', 'samples.csv.gz')
const mosquittoPub = ['/usr/bin/mosquitto_pub', '/usr/local/bin/mosquitto_pub'].find((path) =>
  existsSync(path),
)
const there = existsSync(samplesFile) && mosquittoPub !== undefined
if (!there) console.warn('left out: the recording live (needs HOURS_SHARED and mosquitto-clients)')

/** The first three recordings: three labelled runs of ten minutes (labels.csv, rows 1-3). */
const runs = [
  ['2021-02-26T17:07:30.405Z', '2021-02-26T17:17:30.540Z'],
  ['2021-02-26T17:18:12.409Z', '2021-02-26T17:28:12.497Z'],
] as const

describe('a recorded load, live', () => {
  it.skipIf(!there)(
    'goes from mosquitto_pub through local broker, gateway, broker and ingest to the API, each run within 5 s',
    { timeout: 60_000 },
    async () => {
      const rows = gunzipSync(readFileSync(samplesFile)).toString().split('\n').slice(1)
      const samples = rows
        .map((row) => row.split(','))
        .filter(([recording]) => recording === '1' || recording === '2')
        .map(([, time = '', watts = '']) => ({ at: Date.parse(`${time}Z`), time, watts }))
      const first = samples[0]!.at
      const last = samples.at(-1)!.at
      const clock = createManualClock(first - MINUTE)
      const dir = mkdtempSync(join(tmpdir(), 'xavier-'))
      const log = pino({ level: 'silent' })
      const ingest = await createIngest({ dataDir: dir, clock, log, logName: 'demo.xavier', simulated: true })
      const signer = createSigner('gw-1#1', generateKey())
      const settings = InstrumentSettings.parse({
        id: 'xavier',
        source: { kind: 'tasmota', topic: 'xavier' },
        thresholds: { onStartMw: 5_000, onStopMw: 3_000, runStartMw: 15_000, runStopMw: 15_000 },
        dwellMs: 5_000,
        maxGapMs: 5_000,
      })
      const from = first - MINUTE
      await ingest.recordAll([
        {
          kind: 'key',
          stream: 'installation',
          body: {
            holder: 'gw-1',
            n: 1,
            alg: 'Ed25519',
            public: Buffer.from(signer.publicKey).toString('base64url'),
            from,
          },
        },
        {
          kind: 'epoch',
          stream: 'installation',
          body: { gateway: 'gw-1' as never, epoch: 0, reason: 'first' },
        },
        {
          kind: 'enrolment',
          stream: 'lab',
          body: {
            instrument: settings.id,
            gateway: 'gw-1' as never,
            unit: 'unit' as never,
            from,
            names: { en: 'Xavier' },
            class: 'general',
            alwaysOn: false,
            exclusive: true,
            prepMs: 0,
            postMs: 0,
          },
        },
      ])
      ingest.setGatewayPassword('gw-1', 'secret')
      const broker = await createBroker({
        commit: ingest.commit,
        directory: ingest.directory,
        log,
        listen: { host: '127.0.0.1', port: 0, allowPlain: true },
      })
      ingest.attach(broker.publish)
      const config = GatewayConfig.parse({
        site: 'lab',
        gateway: 'gw-1',
        broker: { url: `mqtt://127.0.0.1:${broker.port}`, password: 'secret' },
        clock: 'sim',
        pageMs: MINUTE,
        trust: ingest.trust(),
        instruments: [settings],
      })
      const spool = openSpool(join(dir, 'spool.sqlite'), config.spool, () => clock.wall())
      const gateway = createGateway({
        config,
        clock,
        sync: simSync(clock),
        log,
        signer,
        spool,
        connect: mqttConnect(config),
        bootId: 'test',
        random: () => 0,
      })
      gateway.start()

      const plugs = await createPlugBroker()
      let received = 0
      let connected = false
      const listener = listenLocally({ url: plugs.url }, gateway.filters, {
        onMessage(topic, payload) {
          received += 1
          const { Time } = JSON.parse(Buffer.from(payload).toString()) as { Time: string }
          const at = Date.parse(Time)
          if (at > clock.wall()) clock.advanceTo(at)
          gateway.handleLocal(topic, payload, at)
        },
        onConnected: (now) => void (connected = now),
      })
      await vi.waitFor(() => expect(connected).toBe(true), { timeout: 5_000 })
      const port = new URL(plugs.url).port
      const publisher = spawn(mosquittoPub ?? '', [
        '-h',
        '127.0.0.1',
        '-p',
        port,
        '-t',
        'tele/xavier/SENSOR',
        '-l',
      ])
      for (const { time, watts } of samples)
        publisher.stdin.write(`{"Time":"${time}Z","ENERGY":{"Total":1.0,"Power":${watts}}}\n`)
      publisher.stdin.end()
      await vi.waitFor(() => expect(received).toBe(samples.length), { timeout: 20_000, interval: 50 })
      clock.advanceTo(last + 2 * MINUTE)
      await vi.waitFor(
        () => {
          clock.advanceTo(clock.wall() + SECOND)
          expect(gateway.pending()).toBe(0)
        },
        { timeout: 20_000, interval: 20 },
      )
      await ingest.settled()

      const api = await createApi({ ingest, log, software: 'test', logDir: join(dir, 'log') })
      const answer = await api.inject(`/api/v1/instruments/lab/xavier/states?from=${first}&to=${last}`)
      const found = answer.json<StateSpans>().spans.filter(({ state }) => state === 'run')
      expect(found).toHaveLength(2)
      for (const [i, [begin, end]] of runs.entries()) {
        expect(Math.abs(found[i]!.from - Date.parse(begin))).toBeLessThan(5_000)
        expect(Math.abs(found[i]!.to - Date.parse(end))).toBeLessThan(5_000)
      }
      // Between the two recordings the meter was not read: that gap is unknown, not off.
      const gap = answer.json<StateSpans>().spans.find(({ state }) => state === 'unknown')
      expect(gap && gap.to - gap.from).toBeGreaterThan(13_000)

      await api.close()
      await listener.stop()
      await plugs.close()
      await gateway.stop()
      spool.close()
      await broker.close()
      await ingest.close()
      rmSync(dir, { recursive: true, force: true })
    },
  )
})
