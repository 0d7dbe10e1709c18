import { setTimeout as pause } from 'node:timers/promises'
import { parseRecord } from '@hours/ledger'
import { decodeReceipt, receiptTopic } from '@hours/protocol'
import { benchFleet, signedPages, site } from './fleet.ts'
import { printFigure } from './figure.ts'
import { connectAll, connections, startServer } from './server-process.ts'

/** A provincial network's 9,900 instruments, four a gateway, send 8.25 pages of 5 min a second. */
const livePerSecond = 8.25
const seconds = 20

/** At twelve times the live load; each sends a page in two seconds, as pages of one second share a receipt. */
const busyGateways = 200

/** From sending a page to holding its receipt, at the live load of 9,900 instruments and at twelve times that. */
export async function benchReceipts(): Promise<boolean> {
  const live = await receiptDelays(livePerSecond, connections)
  const busy = await receiptDelays(100, busyGateways)
  const isIn = printFigure('receiptP50Ms', live.p50, `${live.note}, p99 ${live.p99.toFixed(1)} ms`)
  return printFigure('receiptP99Ms', busy.p99, `${busy.note}, p50 ${busy.p50.toFixed(1)} ms`) && isIn
}

/** Pages evenly over time, a gateway after the other, whatever is still under way. */
async function receiptDelays(
  perSecond: number,
  gateways: number,
): Promise<{ p50: number; p99: number; note: string }> {
  const count = Math.round(perSecond * seconds)
  const fleet = benchFleet(gateways, 4)
  const pages = fleet.map((one) => signedPages(one, Math.ceil(count / gateways)))
  const server = await startServer(gateways, 4)
  const clients = await connectAll(
    server.port,
    fleet.map(({ gateway }) => gateway),
  )
  const sent = new Map<string, number>()
  const delays: number[] = []
  for (const [g, client] of clients.entries()) {
    client.onMessage((_, payload) => {
      const now = performance.now()
      const record = parseRecord(payload)
      const receipt = record.ok ? decodeReceipt(record.value.payload) : undefined
      if (receipt?.ok !== true) throw new Error('no receipt on the topic of receipts')
      for (const [seq] of receipt.value.pages) delays.push(now - (sent.get(`${g}/${seq}`) ?? now))
    })
    await client.subscribe(receiptTopic(site, fleet[g]?.gateway ?? ('' as never)))
  }
  const began = performance.now()
  for (let i = 0; i < count; i++) {
    await pause(Math.max(0, began + (i * 1_000) / perSecond - performance.now()))
    const g = i % gateways
    const seq = Math.floor(i / gateways)
    const page = pages[g]?.[seq]
    if (!page) throw new Error(`no page ${g}/${seq}`)
    sent.set(`${g}/${seq}`, performance.now())
    clients[g]?.send(page)
  }
  for (let i = 0; i < 200 && delays.length < count; i++) await pause(50)
  for (const client of clients) client.close()
  await server.stop()
  if (delays.length !== count) throw new Error(`${delays.length} receipts for ${count} pages`)
  delays.sort((a, b) => a - b)
  const at = (share: number) => delays[Math.floor(share * (count - 1))] ?? Infinity
  return {
    p50: at(0.5),
    p99: at(0.99),
    note: `${count} pages, ${perSecond} a second of ${gateways} gateways`,
  }
}
