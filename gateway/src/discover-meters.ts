import type { Source } from '@hours/protocol'
import { decodeRegisters, meters, type RegisterBlock } from '@hours/sensing'
import type { Discovered } from './discover.ts'
import { openHosts, type Segment } from './segment.ts'
import type { ModbusBus } from './sources/modbus-bus.ts'
import { isException } from './sources/modbus-exception.ts'

/** Units asked at each host: meters leave the factory as 1; a converter's line seldom has more than a few. */
const units = [1, 2, 3, 4]
/** Most of them are silent: none is waited for as long as a meter that is known to be there. */
const waitMs = 1_000

/**
 * Meters of the segment it is told, by reading input registers (Modbus function 4) and nothing else: a mains frequency
 * and a voltage where a meter has them tell which it is.
 */
export async function discoverMeters(segment: Segment, stop: AbortSignal): Promise<Discovered[]> {
  const { openModbusBus } = await import('./sources/modbus-bus.ts')
  const { port } = segment
  async function metersAt(host: string): Promise<Discovered[]> {
    const found: Discovered[] = []
    const bus = openModbusBus({ kind: 'tcp', host, port, waitMs })
    for (const unit of units) {
      if (stop.aborted) break
      const meter = await identify(bus, unit)
      if (meter === undefined) continue
      const source: Source = { kind: 'modbus-tcp', host, port, unit, meter, everyMs: 1_000 }
      found.push({ source, mw: await power(bus, unit, meter), messages: 1 })
    }
    await bus.release()
    return found
  }
  const hosts = await openHosts(segment, stop)
  return (await Promise.all(hosts.map(metersAt))).flat()
}

const isHertz = (value: number) => value > 45 && value < 65
const isVolt = (value: number) => value > 80 && value < 520

/** Name of the register map that fits, or undefined; a unit that says nothing at all is asked once. */
async function identify(bus: ModbusBus, unit: number): Promise<string | undefined> {
  const first = await words(bus, unit, 0x46, 2)
  if (first === 'silent') return undefined
  const float = async (address: number) => floatOf(await words(bus, unit, address, 2))
  if (isHertz(floatOf(first)) && isVolt(await float(0x00)))
    // Only a three-phase meter has a second phase, or a sum beside the first one's power.
    return isVolt(await float(0x02)) || (await float(0x34)) > 0 ? 'sdm630' : 'sdm120'
  const pzem = await words(bus, unit, 0, 10)
  const [volts = 0, , , , , , , hertz = 0] = typeof pzem === 'string' ? [] : pzem
  return isVolt(volts / 10) && isHertz(hertz / 10) ? 'pzem' : undefined
}

async function power(bus: ModbusBus, unit: number, name: string): Promise<number | null> {
  const meter = meters.get(name)
  if (!meter) return null
  const blocks: RegisterBlock[] = []
  for (const { address, count } of meter.blocks) {
    const read = await words(bus, unit, address, count)
    if (typeof read !== 'string') blocks.push({ address, words: read })
  }
  const reading = decodeRegisters(meter, blocks, 0)
  return reading.ok && reading.value.kind === 'sample' ? (reading.value.sample.powerMw ?? null) : null
}

type Words = readonly number[] | 'silent' | 'refused'

async function words(bus: ModbusBus, unit: number, address: number, count: number): Promise<Words> {
  try {
    return (await bus.read(unit, { address, count })).words
  } catch (error) {
    return isException(error) ? 'refused' : 'silent'
  }
}

function floatOf(words: Words): number {
  const [high, low] = typeof words === 'string' ? [] : words
  if (high === undefined || low === undefined) return Number.NaN
  const view = new DataView(new ArrayBuffer(4))
  view.setUint16(0, high)
  view.setUint16(2, low)
  return view.getFloat32(0)
}
