import { decodeOpcua } from '@hours/sensing'
import { GatewayError } from '../gateway-error.ts'
import type { StartSource } from '../source-runner.ts'
import { createOpcuaReader } from './opcua-client.ts'
import { pollSource } from './poll.ts'

/** Reads state, power and counters of a machine's OPC UA server every `everyMs`; the decoder says what they mean. */
export const startOpcua: StartSource<'opcua'> = (context) => {
  const { instrument, source, clock } = context
  const { endpoint, stateNode, powerNode, onTimeNode, runTimeNode, profile, everyMs } = source
  const nodes = { state: stateNode, powerW: powerNode, onTimeMs: onTimeNode, runTimeMs: runTimeNode }
  const asked = Object.entries(nodes).flatMap(([name, node]) => (node === undefined ? [] : [{ name, node }]))
  if (asked.length === 0)
    throw new GatewayError(
      'bad_config',
      `${instrument}: opcua without a node. Fix: stateNode, powerNode, onTimeNode or runTimeNode, such as ns=2;i=1234.`,
    )
  const reader = createOpcuaReader(endpoint)
  const ask = async () => {
    const values = await reader.read(asked.map(({ node }) => node))
    const named = Object.fromEntries(asked.map(({ name }, i) => [name, values[i]]))
    return decodeOpcua(named, clock.wall(), profile)
  }
  return Promise.resolve(pollSource(context, everyMs, ask, () => reader.close()))
}
