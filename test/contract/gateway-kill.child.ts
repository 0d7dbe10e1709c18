import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { createGateway, openPageKey, openSpool, simSync } from '@hours/gateway'
import { createManualClock, GatewayConfig } from '@hours/protocol'
import { pino } from 'pino'

/**
 * A gateway on a clock of its own that feeds itself a reading a second until it is killed; each line on stdout is the
 * simulated time of a checkpoint that is on disk. Nothing takes its pages, so that all of them stay in the spool.
 */
const [, , folder = '', from = '0', booted = '0'] = process.argv
const clock = createManualClock(Number(from), Number(booted))
const config = GatewayConfig.parse({
  site: 'lab',
  gateway: 'gw-1',
  broker: { url: 'mqtt://127.0.0.1:1' },
  data: folder,
  pageMs: 60_000,
  checkpointMs: 5_000,
  clock: 'sim',
  instruments: [
    {
      id: 'sem-01',
      source: { kind: 'tasmota', topic: 'pow1' },
      thresholds: { onStartMw: 5_000, onStopMw: 3_000, runStartMw: 400_000, runStopMw: 300_000 },
    },
  ],
})
const gateway = createGateway({
  config,
  clock,
  sync: simSync(clock),
  log: pino({ level: 'silent' }),
  signer: openPageKey(folder, 'gw-1'),
  spool: openSpool(join(folder, 'spool.sqlite'), config.spool, () => clock.wall()),
  connect: () => Promise.reject(new Error('nobody is there')),
  bootId: 'the same machine',
})
gateway.start()
const reading = Buffer.from('{"ENERGY":{"Power":800}}')
for (let n = 1; ; n++) {
  gateway.handleLocal('tele/pow1/SENSOR', reading, clock.wall())
  clock.advanceTo(clock.wall() + 1_000)
  if (n % 5 === 0) writeSync(1, `${clock.wall()}\n`)
  if (n % 20 === 0) await turn()
}
