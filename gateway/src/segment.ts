import { connect } from 'node:net'
import { GatewayError } from './gateway-error.ts'

/** Hosts of one network segment and the port to ask there. */
export interface Segment {
  readonly hosts: readonly string[]
  readonly port: number
}

/** A lab's segment; more hosts than that were never meant. */
const maxHosts = 1_024
const connectMs = 600
const atOnce = 32

/** `192.168.7.0/24:502` or `192.168.7.20:502`. Throws GatewayError `bad_config` for anything else or more than a /22. */
export function parseSegment(text: string): Segment {
  const [, address = '', length = '32', portText = ''] =
    /^([\d.]+)(?:\/(\d{1,2}))?:(\d{1,5})$/.exec(text) ?? []
  const octets = address.split('.').map(Number)
  const port = Number(portText)
  const bits = 32 - Number(length)
  const fits = octets.length === 4 && octets.every((octet) => Number.isInteger(octet) && octet <= 255)
  if (!fits || port < 1 || port > 65_535 || bits < 0 || 2 ** bits > maxHosts)
    throw new GatewayError(
      'bad_config',
      `segment "${text}": must be like 192.168.7.0/24:502, with at most ${maxHosts} addresses.`,
    )
  const size = 2 ** bits
  const number = octets.reduce((sum, octet) => sum * 256 + octet, 0)
  const first = number - (number % size)
  const all = Array.from({ length: size }, (_, i) => dotted(first + i))
  // The first and the last of a whole network are no hosts.
  return { hosts: size > 2 ? all.slice(1, -1) : all, port }
}

const dotted = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')

/** Hosts of the segment where that port is open, in order. It connects and says nothing. */
export async function openHosts({ hosts, port }: Segment, stop: AbortSignal): Promise<string[]> {
  const open = new Set<string>()
  const waiting = [...hosts]
  const work = async () => {
    for (let host = waiting.shift(); host !== undefined && !stop.aborted; host = waiting.shift())
      if (await isOpen(host, port)) open.add(host)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return hosts.filter((host) => open.has(host))
}

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMs })
    const end = (found: boolean) => {
      socket.destroy()
      resolve(found)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}
