// Broker, ingest, feed, outbox and InfluxDB store in one process, as `hours serve` runs them. Prints its port as JSON.
import { createBroker } from '@hours/broker'
import { createInfluxSeries, createIngest, createSeriesOutbox, feedSeries } from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { join } from 'node:path'
import { pino } from 'pino'
import { benchFleet, fleetRecords, gatewayPassword } from './fleet.ts'

const [gateways = '16', perGateway = '4', influxUrl = '', dir = '', delayMs = '5000', port = '0'] =
  process.argv.slice(2)
const log = pino({ level: 'error' }, pino.destination(2))
const onError = (err: unknown) => log.error({ err }, 'series')
const ingest = await createIngest({
  dataDir: dir,
  clock: systemClock,
  log,
  logName: 'demo.bench',
  simulated: true,
})
const fleet = benchFleet(Number(gateways), Number(perGateway))
if (ingest.registry.instruments().length === 0) {
  await ingest.recordAll(fleetRecords(fleet))
  for (const { gateway } of fleet) ingest.setGatewayPassword(gateway, gatewayPassword)
}
const store = createInfluxSeries({ url: influxUrl })
const outbox = createSeriesOutbox({ path: join(dir, 'outbox.sqlite'), store, clock: systemClock, onError })
const feed = feedSeries({ ingest, outbox, onError, delayMs: Number(delayMs) })
const broker = await createBroker({
  commit: ingest.commit,
  directory: ingest.directory,
  log,
  listen: { host: '127.0.0.1', port: Number(port), allowPlain: true },
  // What a site can take is measured, not what a gateway may send it.
  limits: { publishesPerSecond: 1_000_000, publishBurst: 1_000_000 },
})
ingest.attach(broker.publish)
console.log(JSON.stringify({ port: broker.port }))
process.on('message', (message) => {
  if (message === 'state') process.send?.({ ...ingest.metrics(), ...outbox.state() })
  if (message === 'alive') process.send?.({ mb: alive() })
  if (message === 'settle') void settle()
  if (message === 'stop') void stop()
})

/** MB that a full collection leaves. */
function alive(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

/** All that a start has to tell is told. */
async function settle(): Promise<void> {
  await feed.settled()
  await outbox.flush()
  process.send?.({ ...ingest.metrics(), ...outbox.state() })
}

async function stop(): Promise<void> {
  await broker.close()
  await feed.close()
  await outbox.close()
  await ingest.close()
  process.exit(0)
}
