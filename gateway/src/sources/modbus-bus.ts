import type { RegisterBlock } from '@hours/sensing'
import modbusSerial from 'modbus-serial'
import { isException } from './modbus-exception.ts'
import { within } from './within.ts'

// A CommonJS package whose class is both `module.exports` and its `default`.
const { default: ModbusRtu } = modbusSerial
type Line = InstanceType<typeof ModbusRtu>

/** Where a bus is: a TCP meter or converter, or a serial line; how long an answer is waited for. */
export type BusAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly waitMs?: number }
  | { readonly kind: 'rtu'; readonly path: string; readonly baud: number }

/** A bus that several meters share. It only reads: there is no function here that writes a register. */
export interface ModbusBus {
  /** Input registers (function 4) of `unit`; rejects on timeout, exception, lost line. One request at a time. */
  read(unit: number, block: { readonly address: number; readonly count: number }): Promise<RegisterBlock>
  /** The last one to leave closes the line. */
  release(): Promise<void>
}

/** A meter answers within some 100 ms; two seconds cover a slow converter. */
const timeoutMs = 2_000

interface Shared {
  readonly bus: Omit<ModbusBus, 'release'>
  users: number
  close(): Promise<void>
}
const shared = new Map<string, Shared>()

/** The bus at `address`, opened at the first read and again after every failure. */
export function openModbusBus(address: BusAddress): ModbusBus {
  const name = JSON.stringify(address)
  const known = shared.get(name) ?? createShared(address)
  shared.set(name, known)
  known.users += 1
  let left = false
  return {
    read: known.bus.read,
    async release() {
      if (left) return
      left = true
      known.users -= 1
      if (known.users > 0) return
      shared.delete(name)
      await known.close()
    },
  }
}

function createShared(address: BusAddress): Shared {
  let line: Line | undefined
  let tail: Promise<unknown> = Promise.resolve()
  const waitMs = (address.kind === 'tcp' ? address.waitMs : undefined) ?? timeoutMs

  async function open(): Promise<Line> {
    if (line?.isOpen) return line
    const fresh = new ModbusRtu()
    fresh.setTimeout(waitMs)
    // A line that breaks while nobody asks must not end the process; the next read opens it again.
    fresh.on('error', () => undefined)
    await within(
      address.kind === 'tcp'
        ? fresh.connectTCP(address.host, { port: address.port })
        : fresh.connectRTUBuffered(address.path, { baudRate: address.baud }),
      waitMs,
      () => fresh.destroy(() => undefined),
    )
    line = fresh
    return fresh
  }

  async function close(): Promise<void> {
    const old = line
    line = undefined
    if (old) await new Promise<void>((done) => old.destroy(() => done()))
  }

  async function ask(unit: number, { address: first, count }: { address: number; count: number }) {
    const opened = await open()
    opened.setID(unit)
    try {
      const { data } = await opened.readInputRegisters(first, count)
      if (data.length !== count) throw new Error(`${data.length} registers came, ${count} were asked for`)
      return { address: first, words: data }
    } catch (error) {
      // An exception is an answer; anything else may leave a late answer on the line, which the next read would take.
      if (!isException(error)) await close()
      throw error
    }
  }

  return {
    users: 0,
    bus: {
      read(unit, block) {
        const done = tail.then(() => ask(unit, block))
        tail = done.catch(() => undefined)
        return done
      },
    },
    close: async () => {
      await tail
      await close()
    },
  }
}
