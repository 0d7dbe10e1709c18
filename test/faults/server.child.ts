import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { createBroker } from '@hours/broker'
import { gridFleet } from '@hours/firmware-sim'
import { createIngest } from '@hours/ingest'
import { createManualClock } from '@hours/protocol'
import { pino } from 'pino'
import { enrolmentRecords } from '../../cli/demo/enrol.ts'
import { gatewayKey } from '../../cli/demo/gateway-keys.ts'
import { serveCommands } from './child.ts'
import { sampleMs } from './fleet.ts'

/** Broker and ingest as one process on a clock that is told over IPC, until it is killed. */
const [, , folder = '', seed = '0', gateways = '0', perGateway = '0', enrolFrom = '0', from = '0'] =
  process.argv
const clock = createManualClock(Number(from))
const log = pino({ level: process.env['HOURS_FAULT_LOG'] ?? 'fatal' })
const fleet = gridFleet({ seed: Number(seed), gateways: Number(gateways), perGateway: Number(perGateway) })
const ingest = await createIngest({
  dataDir: join(folder, 'server'),
  clock,
  log,
  logName: 'demo.faults',
  simulated: true,
})
if (ingest.registry.instruments().length === 0) {
  const ids = [...new Set(fleet.instruments.map((one) => one.gateway))]
  const keys = ids.map((gateway) => ({ gateway, ...gatewayKey(join(folder, gateway), gateway) }))
  for (const { gateway, password } of keys) ingest.setGatewayPassword(gateway, password)
  const publics = keys.map(({ gateway, signer }) => ({ gateway, publicKey: signer.publicKey }))
  await ingest.recordAll(enrolmentRecords(fleet, publics, { from: Number(enrolFrom), sampleMs }))
  await ingest.settled()
}
const broker = await createBroker({
  commit: ingest.commit,
  directory: ingest.directory,
  log,
  listen: { host: '127.0.0.1', port: 0, allowPlain: true },
})
ingest.attach(broker.publish)

serveCommands({
  ready: () => ({ port: broker.port, trust: ingest.trust(), vkey: ingest.log.vkey() }),
  async to({ at }: { at: number }) {
    if (at > clock.wall()) clock.advanceTo(at)
    await turn()
    return { ...ingest.metrics(), memory: process.memoryUsage().rss, health: ingest.health().reasons }
  },
  async stop() {
    await broker.close()
    await ingest.settled()
    const refused = ingest.quarantine.list(20).map(({ code, reason }) => `${code}: ${reason}`)
    await ingest.close()
    return refused
  },
})
