import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { createBroker } from '@hours/broker'
import { gridFleet } from '@hours/firmware-sim'
import { createIngest, type RunningIngest } from '@hours/ingest'
import { createManualClock } from '@hours/protocol'
import { pino } from 'pino'
import { enrolmentRecords } from '../../cli/demo/enrol.ts'
import { gatewayKey } from '../../cli/demo/gateway-keys.ts'
import { diskTakesFiles } from '../../cli/when-halted.ts'
import { serveCommands } from './child.ts'
import { sampleMs } from './fleet.ts'

/** Broker and ingest as one process on a clock that is told over IPC, until it is killed. */
const [, , folder = '', seed = '0', gateways = '0', perGateway = '0', enrolFrom = '0', from = '0'] =
  process.argv
const clock = createManualClock(Number(from))
const log = pino({ level: process.env['HOURS_FAULT_LOG'] ?? 'fatal' })
const fleet = gridFleet({ seed: Number(seed), gateways: Number(gateways), perGateway: Number(perGateway) })
const dataDir = join(folder, 'server')

/** What `hours serve` opens, on the port that the gateways know. */
async function open(port: number) {
  const ingest = await createIngest({ dataDir, clock, log, logName: 'demo.faults', simulated: true })
  if (ingest.registry.instruments().length === 0) await enrol(ingest)
  const broker = await createBroker({
    commit: ingest.commit,
    directory: ingest.directory,
    log,
    listen: { host: '127.0.0.1', port, allowPlain: true },
    // Simulated hours pass in seconds, and so do their messages.
    limits: { publishesPerSecond: 20_000, publishBurst: 20_000 },
  })
  ingest.attach(broker.publish)
  return { ingest, broker }
}

async function enrol(ingest: RunningIngest): Promise<void> {
  const ids = [...new Set(fleet.instruments.map((one) => one.gateway))]
  const keys = ids.map((gateway) => ({ gateway, ...gatewayKey(join(folder, gateway), gateway) }))
  for (const { gateway, password } of keys) ingest.setGatewayPassword(gateway, password)
  const publics = keys.map(({ gateway, signer }) => ({ gateway, publicKey: signer.publicKey }))
  await ingest.recordAll(enrolmentRecords(fleet, publics, { from: Number(enrolFrom), sampleMs }))
  await ingest.settled()
}

let site = await open(0)

let reopening: Promise<void> | undefined

/** As `hours serve` does: a site that a full disk has halted is opened again when the disk takes files. */
async function reopen(): Promise<void> {
  const { port } = site.broker
  await site.broker.close()
  await site.ingest.close()
  site = await open(port)
}

serveCommands({
  ready: () => ({ port: site.broker.port, trust: site.ingest.trust(), vkey: site.ingest.log.vkey() }),
  async to({ at }: { at: number }) {
    if (at > clock.wall()) clock.advanceTo(at)
    await turn()
    // Beside the clock, which goes on: what closes may wait for it.
    if (!reopening && site.ingest.halted() !== undefined && diskTakesFiles(dataDir))
      reopening = reopen().finally(() => (reopening = undefined))
    if (reopening) return { health: ['it is being opened again'] }
    const { ingest } = site
    return { ...ingest.metrics(), memory: process.memoryUsage().rss, health: ingest.health().reasons }
  },
  async stop() {
    await reopening
    const { broker, ingest } = site
    await broker.close()
    await ingest.settled()
    const refused = ingest.quarantine.list(20).map(({ code, reason }) => `${code}: ${reason}`)
    await ingest.close()
    return refused
  },
})
