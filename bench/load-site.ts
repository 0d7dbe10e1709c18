// The site of bench/load.ts: broker and ingest in one process on a fast clock, told what to do over IPC.
import { createBroker } from '@hours/broker'
import { createIngest } from '@hours/ingest'
import { pino } from 'pino'
import { createFastClock } from './fast-clock.ts'
import { benchFleet, fleetRecords, gatewayPassword } from './fleet.ts'

const [, , dir = '', gateways = '0', perGateway = '0', start = '0', real = '0', speed = '1'] = process.argv
const clock = createFastClock({ start: Number(start), real: Number(real), speed: Number(speed) })
const log = pino({ level: 'silent' })
const ingest = await createIngest({ dataDir: dir, clock, log, logName: 'demo.load', simulated: true })
const fleet = benchFleet(Number(gateways), Number(perGateway))
const records = fleetRecords(fleet)
for (let at = 0; at < records.length; at += 2_000) await ingest.recordAll(records.slice(at, at + 2_000))
await ingest.settled()
const [first] = fleet
if (!first) throw new Error('no gateways')
ingest.setGatewayPassword(first.gateway, gatewayPassword)
// One hash for all: making each its own takes 30 ms, which is no part of what is measured. Checking it is.
const password = ingest.directory.find(first.gateway)?.password ?? ''
const broker = await createBroker({
  commit: ingest.commit,
  directory: {
    find(id) {
      const found = ingest.directory.find(id)
      return found && { ...found, password }
    },
  },
  log,
  listen: { host: '127.0.0.1', port: 0, allowPlain: true },
})
ingest.attach(broker.publish)
process.send?.({ port: broker.port, trust: ingest.trust() })

const answers: Readonly<Record<string, () => unknown>> = {
  metrics: () => ({ ...broker.metrics(), ...ingest.metrics() }),
  health: () => ingest.health().reasons,
  settled: () => ingest.settled(),
  async stop() {
    await broker.close()
    await ingest.close()
  },
}
process.on('disconnect', () => process.exit(0))
process.on('message', (command: string) => {
  void Promise.try(() => answers[command]?.()).then((value) => {
    process.send?.({ value: value ?? null }, () => {
      if (command === 'stop') process.exit(0)
    })
  })
})
