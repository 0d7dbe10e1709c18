import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OPCUAServer } from 'node-opcua-server'

/** What the machine says now; `null` = its controller has lost it (BadNoCommunication). */
export interface MachineItem {
  /** CurrentState of a MachineryItemState (OPC 40001-1), such as `Executing`. */
  readonly item: string | null
  /** CurrentState of a LADS functional unit (OPC 30500-1), such as `Running`. */
  readonly unit: string | null
  /** MachineryOperationCounter (OPC 10000-100): durations in ms. */
  readonly powerOnMs: number
  readonly operationMs: number
  readonly watts: number
}

export interface OpcuaMachine {
  readonly endpoint: string
  readonly port: number
  /** NodeIds, by namespace URI. */
  readonly nodes: Readonly<Record<'item' | 'unit' | 'powerOn' | 'operation' | 'watts', string>>
  say(next: Partial<MachineItem>): void
  /** Requests answered, by name: a test can see that nothing was ever written or called. */
  readonly requests: ReadonlyMap<string, number>
  close(): Promise<void>
}

const machineryUri = 'http://opcfoundation.org/UA/Machinery/'
const ladsUri = 'http://opcfoundation.org/UA/LADS/'

/** An OPC UA server on loopback with one machine, made of the companion specifications' own types. */
export async function createOpcuaMachine(first: MachineItem, port = 0): Promise<OpcuaMachine> {
  // Some 150 MB that the rest of the simulator has no use for.
  const [{ OPCUACertificateManager }, { nodesets }, { OPCUAServer }, { StatusCodes }] = await Promise.all([
    import('node-opcua-certificate-manager'),
    import('node-opcua-nodesets'),
    import('node-opcua-server'),
    import('node-opcua-status-code'),
  ])
  const folder = mkdtempSync(join(tmpdir(), 'opcua-'))
  const store = (name: string) => new OPCUACertificateManager({ rootFolder: join(folder, name) })
  const server = new OPCUAServer({
    port,
    host: '127.0.0.1',
    hostname: '127.0.0.1',
    nodeset_filename: [
      nodesets.standard,
      nodesets.di,
      nodesets.ia,
      nodesets.machinery,
      nodesets.amb,
      nodesets.lads,
    ],
    serverCertificateManager: store('own'),
    userCertificateManager: store('users'),
    disableDiscovery: true,
  })
  const requests = new Map<string, number>()
  server.on('request', (request: { readonly schema: { readonly name: string } }) => {
    const { name } = request.schema
    requests.set(name, (requests.get(name) ?? 0) + 1)
  })
  await server.initialize()
  const variables = build(server)
  const idOf = ({ node }: Shown) => {
    const [, ...rest] = node.nodeId.toString().split(';')
    return `nsu=${node.namespace.namespaceUri};${rest.join(';')}`
  }
  let state = first
  const show = () => {
    for (const { node, dataType, of } of Object.values(variables)) {
      const value = of(state)
      const shown = dataType === 'LocalizedText' ? { text: value ?? '' } : value
      node.setValueFromSource(
        { dataType, value: shown },
        value === null ? StatusCodes.BadNoCommunication : StatusCodes.Good,
      )
    }
  }
  show()
  await server.start()
  return {
    endpoint: server.getEndpointUrl(),
    port: server.endpoints[0]?.port ?? 0,
    nodes: {
      item: idOf(variables.item),
      unit: idOf(variables.unit),
      powerOn: idOf(variables.powerOn),
      operation: idOf(variables.operation),
      watts: idOf(variables.watts),
    },
    requests,
    say(next) {
      state = { ...state, ...next }
      show()
    },
    async close() {
      await server.shutdown(0)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Space = NonNullable<OPCUAServer['engine']['addressSpace']>
type Variable = ReturnType<ReturnType<Space['getOwnNamespace']>['addVariable']>

/** A node of the server, and what of the machine it shows. */
interface Shown {
  readonly node: Variable
  readonly dataType: 'LocalizedText' | 'Double'
  readonly of: (machine: MachineItem) => string | number | null
}

function build(server: OPCUAServer): Record<keyof OpcuaMachine['nodes'], Shown> {
  const space = server.engine.addressSpace
  if (!space) throw new Error('the OPC UA server has no address space')
  const own = space.getOwnNamespace()
  const machine = own.addObject({ browseName: 'XRD-1', organizedBy: space.rootFolder.objects })
  const typed = (type: string, uri: string, browseName: string, optionals: string[] = []) => {
    const found = space.findObjectType(type, space.getNamespaceIndex(uri))
    if (!found) throw new Error(`no ${type} in ${uri}`)
    return found.instantiate({ browseName, componentOf: machine, optionals })
  }
  const state = typed('MachineryItemState_StateMachineType', machineryUri, 'MachineryItemState')
  const unit = typed('FunctionalUnitStateMachineType', ladsUri, 'FunctionalUnitState')
  const counters = typed('MachineryOperationCounterType', machineryUri, 'OperationCounters', [
    'PowerOnDuration',
    'OperationDuration',
  ])
  const current = (of: typeof state, name: string) => {
    const found = of.getChildByName(name)
    if (!found) throw new Error(`${of.browseName.toString()} has no ${name}`)
    return found as Variable
  }
  const watts = own.addVariable({ browseName: 'Power', componentOf: machine, dataType: 'Double' })
  return {
    item: { node: current(state, 'CurrentState'), dataType: 'LocalizedText', of: (m: MachineItem) => m.item },
    unit: { node: current(unit, 'CurrentState'), dataType: 'LocalizedText', of: (m: MachineItem) => m.unit },
    powerOn: {
      node: current(counters, 'PowerOnDuration'),
      dataType: 'Double',
      of: (m: MachineItem) => m.powerOnMs,
    },
    operation: {
      node: current(counters, 'OperationDuration'),
      dataType: 'Double',
      of: (m: MachineItem) => m.operationMs,
    },
    watts: { node: watts, dataType: 'Double', of: (m: MachineItem) => m.watts },
  }
}
