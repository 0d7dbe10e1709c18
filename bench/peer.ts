// One run: Instrument Hours beside the careful Node-RED and the fifteen-line script, at 2,000 and 16,000 messages a second.
import { loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { processUsage } from './figure.ts'
import { pacedLoad } from './paced-load.ts'
import { nodeRedSystem, scriptSystem } from './peer-foreign.ts'
import { nodeRedFolder } from './peer-node-red.ts'
import { asSent, connections, ourSystem, type PeerSystem, perConnection } from './peer-systems.ts'

/** Messages a second where loss is measured, and where CPU is. */
const lossRate = 500
const [given] = process.argv.slice(2)
const cpuRates = given === undefined ? [2_000, 16_000] : [Number(given)]
const seconds = 15

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

/** CPU of all its processes until everything sent is in InfluxDB, us a message. */
async function cpu(of: Run): Promise<number> {
  const { system, kind, rate } = of
  // Connections, code and caches are warm before it counts.
  await send({ ...of, seconds: 2 })
  await system.worked()
  const before = Object.entries(system.pids()).map(([name, pid]) => ({ name, pid, ...processUsage(pid) }))
  const begun = performance.now()
  const count = await send(of)
  const reached = count / ((performance.now() - begun) / 1_000)
  await system.worked()
  const parts = before.map(({ name, pid, cpuSeconds }) => ({
    name,
    us: ((processUsage(pid).cpuSeconds - cpuSeconds) * 1e6) / count,
  }))
  const sum = parts.reduce((all, { us }) => all + us, 0)
  const each = kind === asSent ? `, ${(sum / perConnection).toFixed(1)} us a point` : ''
  console.log(
    `  CPU a message, ${kind} at ${rate}/s (${Math.round(reached)}/s reached): ${sum.toFixed(0)} us (${parts.map(({ name, us }) => `${name} ${us.toFixed(0)}`).join(' + ')})${each}; load ${loadavg()[0]?.toFixed(1) ?? ''}`,
  )
  return sum
}

/** By `kind rate`, us. */
async function cpuOf(open: () => Promise<PeerSystem>): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  const system = await open()
  console.log(system.name)
  try {
    await system.begun()
    for (const rate of cpuRates)
      for (const kind of Object.keys(system.messages).filter((one) => one !== asSent))
        found.set(`${kind} ${rate}`, await cpu({ system, kind, rate, seconds }))
    if (asSent in system.messages)
      await cpu({ system, kind: asSent, rate: (cpuRates[0] ?? 0) / perConnection, seconds })
  } finally {
    await system.remove()
  }
  return found
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

async function losses(open: () => Promise<PeerSystem>, isKill: boolean): Promise<number> {
  const system = await open()
  try {
    const missing = await lost(system, isKill ? 10 : 45, async () => {
      if (isKill) return system.killSubscriber()
      await system.influxd.stop()
      await pause(30_000)
      await system.influxd.start()
    })
    const what = isKill ? 'kill -9 of the subscriber' : 'influxd stopped for 30 s'
    console.log(`  lost, ${what}, ${lossRate}/s: ${missing}`)
    return missing
  } finally {
    await system.remove()
  }
}

const folder = nodeRedFolder()
if (folder === undefined)
  console.log('Node-RED does not install here: ours is held against nothing but losses')
const systems = [scriptSystem, ...(folder === undefined ? [] : [nodeRedSystem(folder)]), ourSystem]
let ours = { us: new Map() as ReadonlyMap<string, number>, lost: 0 }
let careful: ReadonlyMap<string, number> = new Map()
for (const open of systems) {
  const us = await cpuOf(open)
  const missing = [await losses(open, true), await losses(open, false)]
  if (open === ourSystem) ours = { us, lost: missing.reduce((all, one) => all + Math.abs(one), 0) }
  else if (open !== scriptSystem) careful = us
}
let met = ours.lost === 0
for (const [name, us] of ours.us) {
  const theirs = careful.get(name.replace(/^.* /, 'power '))
  if (theirs === undefined) continue
  const isMet = us <= theirs
  met &&= isMet
  console.log(
    `${name}/s: ${us.toFixed(0)} us beside ${theirs.toFixed(0)} of the careful Node-RED  ${isMet ? 'met' : 'MISSED'}`,
  )
}
console.log(`points lost in both faults: ${ours.lost}`)
process.exitCode = met ? 0 : 1
