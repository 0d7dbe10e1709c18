import { decodeRegisters, type MeterMap, meters, type RegisterBlock } from '@hours/sensing'
import { GatewayError } from '../gateway-error.ts'
import type { RunningSource, SourceContext, SourceOf, StartSource } from '../source-runner.ts'
import { type BusAddress, openModbusBus } from './modbus-bus.ts'
import { pollSource } from './poll.ts'

/** Reads a Modbus TCP meter every `everyMs`. Throws GatewayError `bad_config` for a meter nobody knows. */
export const startModbusTcp: StartSource<'modbus-tcp'> = (context) => {
  const { host, port } = context.source
  return start(context, { kind: 'tcp', host, port })
}

/** Reads a meter on a serial line (Modbus RTU); meters on one line wait for each other. */
export const startModbusRtu: StartSource<'modbus-rtu'> = (context) => {
  const { path, baud } = context.source
  return start(context, { kind: 'rtu', path, baud })
}

function start(
  context: SourceContext<SourceOf<'modbus-tcp' | 'modbus-rtu'>>,
  address: BusAddress,
): Promise<RunningSource> {
  const { unit, meter: name, everyMs } = context.source
  const meter = meterOf(context.instrument, name)
  const bus = openModbusBus(address)
  const ask = async () => {
    const blocks: RegisterBlock[] = []
    for (const block of meter.blocks) blocks.push(await bus.read(unit, block))
    return decodeRegisters(meter, blocks, context.clock.wall())
  }
  return Promise.resolve(pollSource(context, everyMs, ask, () => bus.release()))
}

function meterOf(instrument: string, name: string): MeterMap {
  const meter = meters.get(name)
  if (meter) return meter
  throw new GatewayError(
    'bad_config',
    `${instrument}: meter "${name}" is not known. Fix: one of ${[...meters.keys()].join(', ')}.`,
  )
}
