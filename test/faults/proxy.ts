import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createFrames, isAck, isPage, withPacketId } from './frames.ts'

/** What a network does to a gateway's connection; all of it can change at any time. */
export interface Weather {
  /** Nothing gets through and nobody can connect. */
  cut: boolean
  /** Each piece waits so long, ms; 0 = at once. */
  delayMs: number
  bytesPerSecond: number
  /** Share of pages that is sent a second time with DUP=0, and that changes places with the next; 0 to 1. */
  echo: number
}

/** A loopback TCP proxy before the broker that speaks enough MQTT to do harm. */
export interface Proxy {
  readonly port: number
  readonly weather: Weather
  /** Where the broker listens now; undefined = nowhere. */
  target: number | undefined
  /** Ends every connection at once. */
  drop(): void
  /** Pages that a PUBACK came for, base64 of nothing but their bytes. */
  readonly acknowledged: ReadonlyMap<string, Buffer>
  readonly counts: { duplicates: number; reordered: number; resent: number; connections: number }
  close(): Promise<void>
}

const calm = (): Weather => ({ cut: false, delayMs: 0, bytesPerSecond: Infinity, echo: 0 })

export async function createProxy(random: () => number, digestOf: (page: Buffer) => string): Promise<Proxy> {
  const weather = calm()
  const sockets = new Set<Socket>()
  const acknowledged = new Map<string, Buffer>()
  const counts = { duplicates: 0, reordered: 0, resent: 0, connections: 0 }
  /** Pages seen of late: resent out of the blue. */
  const past: Buffer[] = []
  let target: number | undefined

  const server = createServer((down) => {
    sockets.add(down)
    down.on('error', () => undefined).on('close', () => sockets.delete(down))
    if (weather.cut || target === undefined) {
      down.destroy()
      return
    }
    counts.connections += 1
    const up = connect(target, '127.0.0.1')
    sockets.add(up)
    up.on('error', () => undefined).on('close', () => {
      sockets.delete(up)
      down.destroy()
    })
    down.on('close', () => up.destroy())
    tamper(down, up)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  function tamper(down: Socket, up: Socket): void {
    /** Pages by packet id that wait for their PUBACK. */
    const open = new Map<number, Buffer>()
    /** Packet ids of the proxy's own making: their PUBACK is nobody's. */
    const own = new Map<number, number>()
    let held: Buffer | undefined
    const toBroker = paced(up)
    const toGateway = paced(down)

    function inject(frame: Buffer): void {
      const id = 40_000 + Math.floor(random() * 25_000)
      if (open.has(id)) return
      own.set(id, (own.get(id) ?? 0) + 1)
      toBroker(withPacketId(frame, id))
    }
    const flush = () => {
      if (!held) return
      toBroker(held)
      held = undefined
    }
    const fromGateway = createFrames((frame) => {
      const page = isPage(frame)
      if (!page) {
        toBroker(frame)
        return
      }
      open.set(page.id, page.payload)
      past.push(frame)
      if (past.length > 400) past.splice(0, 100)
      if (!held && random() < weather.echo) {
        // Goes after the next one, or by itself when there is none for a while.
        counts.reordered += 1
        held = frame
        setTimeout(flush, 40)
        return
      }
      toBroker(frame)
      flush()
      if (random() < weather.echo) {
        counts.duplicates += 1
        inject(frame)
      }
      const old = past[Math.floor(random() * past.length)]
      if (old && random() < weather.echo) {
        counts.resent += 1
        inject(old)
      }
    })
    const fromBroker = createFrames((frame) => {
      const id = isAck(frame)
      const mine = id === undefined ? 0 : (own.get(id) ?? 0)
      if (id !== undefined && mine > 0) {
        if (mine === 1) own.delete(id)
        else own.set(id, mine - 1)
        return
      }
      const page = id === undefined ? undefined : open.get(id)
      if (id !== undefined && page) {
        open.delete(id)
        acknowledged.set(digestOf(page), page)
      }
      toGateway(frame)
    })
    down.on('data', (bytes: Buffer) => fromGateway(bytes))
    up.on('data', (bytes: Buffer) => fromBroker(bytes))
  }

  /** Writes in order, late and slowly while the weather says so; in a cut what was sent is lost with the connection. */
  function paced(to: Socket): (bytes: Buffer) => void {
    let free = 0
    return (bytes) => {
      if (weather.cut) return
      const now = performance.now()
      const wait = Math.max(free, now + weather.delayMs) - now
      if (wait <= 0 && weather.bytesPerSecond === Infinity) {
        to.write(bytes)
        return
      }
      free = now + wait + (bytes.length / weather.bytesPerSecond) * 1_000
      setTimeout(() => {
        if (!weather.cut && !to.destroyed) to.write(bytes)
      }, wait)
    }
  }

  return {
    port: (server.address() as AddressInfo).port,
    weather,
    get target() {
      return target
    },
    set target(next) {
      target = next
    },
    drop() {
      for (const socket of sockets) socket.destroy()
    },
    acknowledged,
    counts,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
