// The server under load: broker and ingest in one process, as `hours serve` runs them. Prints its port as JSON.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@hours/broker'
import { createIngest } from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { pino } from 'pino'
import { benchFleet, fleetRecords, gatewayPassword } from './fleet.ts'

const gateways = Number(process.argv[2] ?? 16)
const perGateway = Number(process.argv[3] ?? 4)
const dir = mkdtempSync(join(tmpdir(), 'hours-bench-'))
const log = pino({ level: 'error' }, pino.destination(2))
const ingest = await createIngest({
  dataDir: dir,
  clock: systemClock,
  log,
  logName: 'demo.bench',
  simulated: true,
})
const fleet = benchFleet(gateways, perGateway)
await ingest.recordAll(fleetRecords(fleet))
for (const { gateway } of fleet) ingest.setGatewayPassword(gateway, gatewayPassword)
const broker = await createBroker({
  commit: ingest.commit,
  directory: ingest.directory,
  log,
  listen: { host: '127.0.0.1', port: 0, allowPlain: true },
  // What a site can take is measured, not what a gateway may send it.
  limits: { publishesPerSecond: 1_000_000, publishBurst: 1_000_000 },
})
ingest.attach(broker.publish)
console.log(JSON.stringify({ port: broker.port, dir }))
process.on('message', (message) => {
  if (message === 'metrics') process.send?.(ingest.metrics())
  if (message === 'stop') void stop()
})

async function stop(): Promise<void> {
  await broker.close()
  await ingest.close()
  rmSync(dir, { recursive: true, force: true })
  process.exit(0)
}
