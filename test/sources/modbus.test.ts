import { createServer, type Socket } from 'node:net'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { join } from 'node:path'
import { createModbusMeter, type MeterReading } from '@hours/firmware-sim'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  freePort,
  hasPeer,
  instrument,
  python,
  runSources,
  type SourceText,
  startPeer,
  testFolder,
} from './sources.fixture.ts'

const script = fileURLToPath(new URL('pymodbus-meter.py', import.meta.url))
const pymodbus = hasPeer('python3-pymodbus with python3-serial', python, '-c', 'import pymodbus.server')
const mbpoll = hasPeer('mbpoll', 'mbpoll', '-V')
const socat = hasPeer('socat', 'socat', '-V')

const tcp = (port: number, change: { unit?: number; meter?: string } = {}): SourceText => ({
  kind: 'modbus-tcp',
  host: '127.0.0.1',
  port,
  meter: 'sdm120',
  everyMs: 200,
  ...change,
})

async function meter(reading: MeterReading, port = 0) {
  let shown = reading
  const made = await createModbusMeter({ model: 'sdm120', port, read: () => shown })
  onTestFinished(() => made.close())
  return { ...made, show: (next: MeterReading) => (shown = next) }
}

describe('a Modbus TCP meter', () => {
  it('is read, and nothing but input registers is asked for', async () => {
    const sdm = await meter({ watts: 812.5, wattHours: 1_234 })
    const bench = runSources([instrument(tcp(sdm.port))])
    await bench.shows('run', 812_500)
    sdm.show({ watts: 41, wattHours: 1_235 })
    await bench.shows('standby', 41_000)
    sdm.show({ watts: 0, wattHours: 1_235 })
    await bench.shows('off', 0)
    expect([...sdm.requests.keys()]).toEqual([4])
  })

  it('that goes away is offline and its time unknown; back again it is read on', async () => {
    const sdm = await meter({ watts: 500, wattHours: 1 })
    const bench = runSources([instrument(tcp(sdm.port), { maxGapMs: 1_500 })])
    await bench.shows('run')
    await sdm.close()
    await bench.raises('source_offline:sem-01')
    await bench.shows('unknown')
    await meter({ watts: 20, wattHours: 2 }, sdm.port)
    await bench.shows('standby', 20_000)
    await bench.ends('source_offline:sem-01')
  })

  it('that accepts connections and says nothing, or rubbish, is named and counts for nothing', async () => {
    let rubbish = false
    const open = new Set<Socket>()
    const server = createServer((socket) => {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('data', () => {
        if (rubbish) socket.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(40)))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      for (const socket of open) socket.destroy()
      server.close()
    })
    const { port } = server.address() as { port: number }
    const bench = runSources([instrument(tcp(port))])
    await bench.raises('source_offline:sem-01')
    rubbish = true
    await bench.raises('source_refused:sem-01:no_reading')
    expect(bench.now()).toEqual(['unknown', null])
  })

  it('of the wrong unit, or with an exception for an answer, gives no reading', async () => {
    const sdm = await meter({ watts: 500, wattHours: 1 })
    const bench = runSources([instrument(tcp(sdm.port, { unit: 7 }))])
    await bench.raises('source_offline:sem-01')
    expect(bench.now()[0]).toBe('unknown')
  })

  it('whose value is no number gives no reading, and a run at NaN is none', async () => {
    const sdm = await meter({ watts: Number.NaN, wattHours: 1 })
    const bench = runSources([instrument(tcp(sdm.port))])
    await bench.raises('source_refused:sem-01:no_reading')
    expect(bench.now()).toEqual(['unknown', null])
  })

  it('that nobody knows is refused at the start, by name', async () => {
    const bench = runSources([instrument(tcp(1, { meter: 'sdm999' }))])
    await bench.raises('source_failed:sem-01')
  })
})

describe.skipIf(!mbpoll)('our simulated meter, asked by mbpoll', () => {
  const poll = (port: number, ...args: readonly string[]) =>
    promisify(execFile)('mbpoll', ['-0', '-1', '-p', String(port), ...args])
  /** Floats of input registers, the high word first, as the meter's manual has them. */
  const floats = ['-t', '3:float', '-B', '-c', '1']

  it('says what it measures where a meter of its kind says it', async () => {
    const { port, requests } = await meter({ watts: 812.5, wattHours: 1_250 })
    const at = async (register: number) => {
      const { stdout } = await poll(port, ...floats, '-r', String(register), '127.0.0.1')
      return Number(new RegExp(`^\\[${register}\\]:\\s+(\\S+)`, 'm').exec(stdout)?.[1])
    }
    expect(await at(0x0c)).toBe(812.5)
    expect(await at(0x46)).toBe(50)
    expect(await at(0x0156)).toBe(1.25)
    expect([...requests.keys()]).toEqual([4])
  })

  it('takes no write, and says nothing for another unit', async () => {
    const { port } = await meter({ watts: 1, wattHours: 1 })
    await expect(poll(port, '-t', '4', '-r', '0', '127.0.0.1', '1')).rejects.toThrow(/Illegal function/)
    await expect(poll(port, ...floats, '-r', '12', '-a', '7', '-o', '0.3', '127.0.0.1')).rejects.toThrow(
      /timed out/,
    )
  })
})

describe.skipIf(!pymodbus)('a meter made of pymodbus', () => {
  it('is read over TCP', async () => {
    const port = await freePort()
    const peer = startPeer(python, [script, 'tcp', String(port)])
    await peer.says('ready')
    peer.write('812.5 12.25')
    await peer.says('shown')
    const bench = runSources([instrument(tcp(port))])
    await bench.shows('run', 812_500)
    peer.write('41.0 12.25')
    await bench.shows('standby', 41_000)
    await peer.stop()
    await bench.raises('source_offline:sem-01')
  })

  it.skipIf(!socat)('is read over a serial line, and its time is unknown once the line is cut', async () => {
    const folder = testFolder()
    const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')]
    const line = startPeer('socat', [
      '-d',
      '-d',
      `pty,raw,echo=0,link=${ours}`,
      `pty,raw,echo=0,link=${theirs}`,
    ])
    await line.says('starting data transfer loop')
    const peer = startPeer(python, [script, 'rtu', theirs])
    await peer.says('ready')
    peer.write('812.5 12.25')
    await peer.says('shown')
    const rtu = { kind: 'modbus-rtu', path: ours, meter: 'sdm630', everyMs: 500 } as const
    const bench = runSources([instrument(rtu, { maxGapMs: 2_000 })])
    await bench.shows('run', 812_500)
    peer.write('0 12.25')
    await bench.shows('off', 0)
    await line.stop()
    await bench.raises('source_offline:sem-01')
    await vi.waitFor(() => expect(bench.now()[0]).toBe('unknown'), { timeout: 15_000 })
  })
})
