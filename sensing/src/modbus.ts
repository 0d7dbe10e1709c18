import { accept, type Decoded, refuse } from '@hours/protocol'
import { measuredPower, present } from './json-payload.ts'
import type { DecodedReading, Reading, Sample, SensingCode } from './reading.ts'

/** Where one quantity sits: address of its first register, how its words are put together, factor to mW or mWh. */
export interface MeterField {
  readonly address: number
  readonly form: 'float32' | 'uint32-low-first'
  readonly scale: number
}

/** A meter as data: what to read (input registers, function 4) and what it means. */
export interface MeterMap {
  readonly name: string
  readonly function: 4
  readonly blocks: readonly { readonly address: number; readonly count: number }[]
  readonly power: MeterField
  readonly energy?: MeterField
}

const eastron = (name: string, powerAt: number): MeterMap => ({
  name,
  function: 4,
  blocks: [
    { address: powerAt, count: 2 },
    { address: 0x48, count: 2 },
  ],
  power: { address: powerAt, form: 'float32', scale: 1_000 },
  energy: { address: 0x48, form: 'float32', scale: 1_000_000 },
})

const pzem: MeterMap = {
  name: 'PZEM-004T v3 / PZEM-014 / PZEM-016',
  function: 4,
  blocks: [{ address: 0, count: 10 }],
  power: { address: 3, form: 'uint32-low-first', scale: 100 },
  energy: { address: 5, form: 'uint32-low-first', scale: 1_000 },
}

/** Meters by the name used in a source's `meter` (registers: nmakel/sdm_modbus @fead3528; PZEM words: Tasmota#6104). */
export const meters: ReadonlyMap<string, MeterMap> = new Map([
  ['sdm120', eastron('Eastron SDM120', 0x0c)],
  ['sdm230', eastron('Eastron SDM230', 0x0c)],
  ['sdm630', eastron('Eastron SDM630 (sum of phases)', 0x34)],
  ['pzem', pzem],
])

/** Registers as they were read: 16-bit words from `address` on. */
export interface RegisterBlock {
  readonly address: number
  readonly words: readonly number[]
}

/** One reading out of a meter's registers. Power is signed as the meter gives it; NaN, infinity and -1 are no reading. */
export function decodeRegisters(
  meter: MeterMap,
  blocks: readonly RegisterBlock[],
  at: number,
): DecodedReading {
  const read = fieldOf(meter.power, blocks, 'power')
  const power = read.ok ? measuredPower(read.value, 'power') : read
  if (!power.ok) return power
  const energy = meter.energy ? fieldOf(meter.energy, blocks, 'energy') : undefined
  // A meter whose energy cannot be read still tells its power.
  const sample = present<Sample>({
    at,
    powerMw: power.value,
    energyMwh: energy?.ok ? energy.value : undefined,
    onTimeMs: undefined,
    contact: undefined,
  })
  return accept<Reading>({ kind: 'sample', sample })
}

function fieldOf(
  field: MeterField,
  blocks: readonly RegisterBlock[],
  name: string,
): Decoded<number, SensingCode> {
  const block = blocks.find(
    (b) => field.address >= b.address && field.address + 1 < b.address + b.words.length,
  )
  const first = block?.words[field.address - block.address]
  const second = block?.words[field.address - block.address + 1]
  if (first === undefined || second === undefined)
    return refuse('bad_frame', `${name}: register 0x${field.address.toString(16)} was not read`)
  for (const word of [first, second])
    if (!Number.isInteger(word) || word < 0 || word > 0xffff)
      return refuse('bad_frame', `${name}: ${word} is not a 16-bit register`)
  const value = field.form === 'float32' ? float32(first, second) : first + second * 65_536
  const result = Math.round(value * field.scale)
  if (!Number.isSafeInteger(result))
    return refuse('no_reading', `${name}: ${value}: the meter has no reading`)
  return accept(result === 0 ? 0 : result)
}

function float32(high: number, low: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint16(0, high)
  view.setUint16(2, low)
  return view.getFloat32(0)
}

/** CRC-16/MODBUS; on the wire low byte first. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1
  }
  return crc
}

/** The registers in an RTU answer to a read of input or holding registers from `address` on. */
export function decodeRtuAnswer(
  frame: Uint8Array,
  asked: { readonly unit: number; readonly address: number; readonly count: number },
): Decoded<RegisterBlock, SensingCode> {
  if (frame.length < 5) return refuse('bad_frame', `${frame.length} bytes; an answer has at least 5`)
  const end = frame.length - 2
  const said = (frame[end] ?? 0) | ((frame[end + 1] ?? 0) << 8)
  const real = crc16(frame.subarray(0, end))
  if (said !== real)
    return refuse('bad_crc', `CRC ${hex(said)}, the bytes give ${hex(real)}; check wiring and baud rate`)
  const [unit = 0, code = 0, length = 0] = frame
  if (unit !== asked.unit) return refuse('bad_frame', `unit ${unit} answered, ${asked.unit} was asked`)
  if (code & 0x80)
    return refuse('bad_frame', `the meter answers with exception ${length}; check its register map`)
  if ((code !== 3 && code !== 4) || length !== end - 3 || length !== asked.count * 2)
    return refuse(
      'bad_frame',
      `function ${code} with ${length} bytes; ${asked.count} registers were asked for`,
    )
  const words = Array.from(
    { length: asked.count },
    (_, i) => ((frame[3 + 2 * i] ?? 0) << 8) | (frame[4 + 2 * i] ?? 0),
  )
  return accept({ address: asked.address, words })
}

const hex = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`
