import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { encodeStateEvent, receiptTopic, stateTopic } from '@hours/protocol'
import { benchFleet, signedPages, site } from './fleet.ts'
import { printFigure, printMachine, processUsage } from './figure.ts'
import { benchLoad } from './load.ts'
import { benchReceipts } from './receipts.ts'
import { connectAll, connections, startServer } from './server-process.ts'

const window = 32

/** Pages a second, from pre-signed pages over 16 connections, each durable (PUBACK) and receipted. */
async function benchPages(count: number): Promise<boolean> {
  const fleet = benchFleet(connections, 4)
  const each = Math.ceil(count / connections)
  console.log(`signing ${each * connections} pages of 4 instruments ...`)
  const pages = fleet.map((one) => signedPages(one, each))
  const server = await startServer(connections, 4)
  const clients = await connectAll(
    server.port,
    fleet.map(({ gateway }) => gateway),
  )
  let receipts = 0
  for (const [i, client] of clients.entries()) {
    client.onMessage(() => void (receipts += 1))
    await client.subscribe(receiptTopic(site, fleet[i]?.gateway ?? ('' as never)))
  }
  const before = processUsage(server.child.pid ?? 0)
  const began = performance.now()
  await Promise.all(clients.map((client, i) => client.publishAll(pages[i] ?? [], window)))
  const seconds = (performance.now() - began) / 1_000
  const after = processUsage(server.child.pid ?? 0)
  await pause(3_000)
  const metrics = await server.metrics()
  const cpu = ((after.cpuSeconds - before.cpuSeconds) * 1_000) / (each * connections)
  const met = printFigure(
    'pagesPerSecond',
    (each * connections) / seconds,
    `${each * connections} pages in ${seconds.toFixed(1)} s; server ${cpu.toFixed(2)} ms CPU a page, peak ${after.peakMb.toFixed(0)} MB; ${receipts} receipts; logged ${metrics['pages'] ?? 0}`,
  )
  for (const client of clients) client.close()
  await server.stop()
  return met && metrics['pages'] === each * connections
}

/** State events a second through the broker into the live view. */
async function benchStates(count: number): Promise<boolean> {
  const fleet = benchFleet(connections, 4)
  const server = await startServer(connections, 4)
  const clients = await connectAll(
    server.port,
    fleet.map(({ gateway }) => gateway),
  )
  const each = Math.ceil(count / connections)
  const began = performance.now()
  await Promise.all(
    clients.map((client, c) => {
      const { gateway, instruments } = fleet[c] as (typeof fleet)[number]
      const at = Date.now()
      const messages = Array.from({ length: each }, (_, i) => ({
        topic: stateTopic(site, gateway, instruments[i % 4] as never),
        payload: Buffer.from(
          encodeStateEvent({
            v: 1,
            state: i % 2 ? 'run' : 'standby',
            since: at + i,
            at: at + i,
            mw: i,
            why: 'power',
          }),
        ),
        retain: true,
      }))
      return client.publishAll(messages, 64)
    }),
  )
  const seconds = (performance.now() - began) / 1_000
  const metrics = await server.metrics()
  const met = printFigure(
    'stateEventsPerSecond',
    (each * connections) / seconds,
    `${each * connections} events in ${seconds.toFixed(1)} s; taken ${metrics['events'] ?? 0}`,
  )
  for (const client of clients) client.close()
  await server.stop()
  return met
}

/** A measurement that is a program of its own. */
const program = (file: string, ...args: string[]) => {
  const done = spawnSync(process.execPath, [join(import.meta.dirname, file), ...args], { stdio: 'inherit' })
  return Promise.resolve(done.status === 0)
}

const suites: Readonly<Record<string, () => Promise<boolean>>> = {
  pages: () => benchPages(20_000),
  states: () => benchStates(100_000),
  receipts: benchReceipts,
  broker: () => program('broker.ts'),
  gateway: () => program('gateway.ts', '30'),
  load: benchLoad,
  series: () => program('series.ts'),
  verify: async () =>
    [await program('verify.ts', '15', '365'), await program('verify.ts', '5', '365')].every(Boolean),
  peer: () => program('peer.ts'),
  assessment: () => program('assessment.ts'),
}
const wanted = process.argv.slice(2).filter((name) => !name.startsWith('-'))
const unknown = wanted.filter((name) => !Object.hasOwn(suites, name))
if (unknown.length > 0 || process.argv.includes('--help')) {
  console.log(`Usage: npm run bench [-- ${Object.keys(suites).join('|')} ...]`)
  process.exit(unknown.length > 0 ? 2 : 0)
}
printMachine(`npm run bench -- ${(wanted.length > 0 ? wanted : Object.keys(suites)).join(' ')}`)
let missed = 0
for (const [name, run] of Object.entries(suites))
  if (wanted.length === 0 || wanted.includes(name)) missed += (await run()) ? 0 : 1
process.exit(missed > 0 ? 1 : 0)
