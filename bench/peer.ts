// One fixed rate, one run: Instrument Hours beside the fifteen-line script, and beside what was measured of Node-RED.
import { loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { processUsage } from './figure.ts'
import { pacedLoad } from './paced-load.ts'
import {
  asSent,
  connections,
  ourSystem,
  type PeerSystem,
  perConnection,
  scriptSystem,
} from './peer-systems.ts'

/** Messages a second where loss is measured, and where CPU is (Node-RED was measured at both). */
const lossRate = 500
const cpuRate = Number(process.argv[2] ?? 2_000)
/** Measured once on a machine like this one, all alone on it (design notes on peers; n in brackets). */
const nodeRed = {
  'kill -9 of the subscriber': 'Node-RED as drawn 590 (n=3), careful 179 (n=3)',
  'influxd stopped for 30 s': 'Node-RED as drawn 15,405 (n=3), careful 17,995 (n=3)',
  cpu: 'Node-RED careful 165 us at 2,000/s (n=1), 65 us at 16,000/s (n=3)',
}

interface Run {
  readonly system: PeerSystem
  readonly kind: string
  readonly rate: number
  readonly seconds: number
}

const send = ({ system, kind, rate, seconds }: Run) =>
  pacedLoad({
    connections,
    rate,
    seconds,
    login: system.login,
    message: system.messages[kind] ?? (() => ({ topic: '', payload: Buffer.alloc(0) })),
  })

async function cpu(of: Run): Promise<void> {
  const pids = of.system.pids()
  // What a start has to do is done, connections, code and caches are warm before it counts.
  await pause(5_000)
  await send({ ...of, seconds: 2 })
  const before = Object.entries(pids).map(([name, pid]) => ({ name, pid, ...processUsage(pid) }))
  const count = await send(of)
  const parts = before.map(({ name, pid, cpuSeconds }) => {
    const us = ((processUsage(pid).cpuSeconds - cpuSeconds) * 1e6) / count
    return { name, us }
  })
  const sum = parts.reduce((all, { us }) => all + us, 0)
  const each = of.kind === asSent ? `, ${(sum / perConnection).toFixed(1)} us a point` : ''
  console.log(
    `  CPU a message, ${of.kind} at ${of.rate}/s: ${sum.toFixed(0)} us (${parts.map(({ name, us }) => `${name} ${us.toFixed(0)}`).join(' + ')})${each}; load ${loadavg()[0]?.toFixed(1) ?? ''}`,
  )
}

/** Points with a PUBACK that are not in InfluxDB when all is over. */
async function lost(system: PeerSystem, seconds: number, hurt: () => Promise<void>): Promise<number> {
  const sending = send({ system, kind: 'power', rate: lossRate, seconds })
  await pause(5_000)
  await hurt()
  const acknowledged = await sending
  await system.settle()
  return acknowledged - (await system.stored())
}

async function losses(open: () => Promise<PeerSystem>, name: keyof typeof nodeRed): Promise<number> {
  const system = await open()
  try {
    const isKill = name.startsWith('kill')
    const missing = await lost(system, isKill ? 10 : 45, async () => {
      if (isKill) return system.killSubscriber()
      await system.influxd.stop()
      await pause(30_000)
      await system.influxd.start()
    })
    console.log(`  lost, ${name}, ${lossRate}/s: ${missing}`)
    return missing
  } finally {
    await system.remove()
  }
}

let ours = 0
for (const open of [scriptSystem, ourSystem]) {
  const system = await open()
  console.log(system.name)
  try {
    for (const kind of Object.keys(system.messages))
      await cpu({ system, kind, rate: kind === asSent ? cpuRate / perConnection : cpuRate, seconds: 15 })
  } finally {
    await system.remove()
  }
  const found = [
    await losses(open, 'kill -9 of the subscriber'),
    await losses(open, 'influxd stopped for 30 s'),
  ]
  ours = found.reduce((all, one) => all + Math.abs(one), 0)
}
console.log('Measured earlier, alone on a machine like this one:')
for (const [name, says] of Object.entries(nodeRed)) console.log(`  ${name}: ${says}`)
process.exitCode = ours === 0 ? 0 : 1
