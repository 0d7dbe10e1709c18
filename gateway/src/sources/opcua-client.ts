import {
  AttributeIds,
  type ClientSession,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  setErrorLogger,
  setWarningLogger,
} from 'node-opcua-client'
import { InMemoryCertificateKeyPairProvider } from 'node-opcua-common'
import { within } from './within.ts'

/** Reads values of nodes; there is no function here that writes or calls anything. */
export interface OpcuaReader {
  /** Values of the nodes in order; rejects where the server cannot be reached or has no good value for one of them. */
  read(nodes: readonly string[]): Promise<unknown[]>
  close(): Promise<void>
}

/** A controller answers within some 100 ms. */
const timeoutMs = 5_000

// The library would tell the console what the caller is told by a rejection anyway.
const silence = () => undefined
setWarningLogger(silence)
setErrorLogger(silence)

const applicationUri = 'urn:instrument-hours:gateway'
/** The library wants a certificate even where nothing is signed: one in memory, so that no folder is written to. */
let ownCertificate: Promise<InMemoryCertificateKeyPairProvider> | undefined

async function makeCertificate(): Promise<InMemoryCertificateKeyPairProvider> {
  const made = new InMemoryCertificateKeyPairProvider()
  await made.ensureCertificateExists({ subject: 'CN=instrument-hours', applicationUri, dns: [], ip: [] })
  return made
}

interface Connection {
  readonly client: OPCUAClient
  readonly session: ClientSession
  readonly namespaces: readonly string[]
}

/** A reader of `endpoint`, connected at the first read and again after every failure. Anonymous, without security. */
export function createOpcuaReader(endpoint: string): OpcuaReader {
  let open: Connection | undefined

  async function connect(): Promise<Connection> {
    const certificate = await (ownCertificate ??= makeCertificate())
    const client = OPCUAClient.create({
      applicationName: 'instrument-hours',
      endpointMustExist: false,
      securityMode: MessageSecurityMode.None,
      securityPolicy: SecurityPolicy.None,
      // One try: who polls tries again.
      connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 1_000 },
      applicationUri,
      certificateKeyPairProvider: certificate,
      keepSessionAlive: true,
      transportTimeout: timeoutMs,
      defaultTransactionTimeout: timeoutMs,
    })
    try {
      const work = async () => {
        await client.connect(endpoint)
        const session = await client.createSession()
        return { client, session, namespaces: await session.readNamespaceArray() }
      }
      return await within(work(), timeoutMs)
    } catch (error) {
      await end(client)
      throw error
    }
  }

  async function close(): Promise<void> {
    const old = open
    open = undefined
    if (old) await end(old.client)
  }

  return {
    async read(nodes) {
      open ??= await connect()
      const { session, namespaces } = open
      try {
        const asked = nodes.map((node) => ({
          nodeId: indexed(node, namespaces),
          attributeId: AttributeIds.Value,
        }))
        const values = await within(session.read(asked), timeoutMs)
        return values.map(({ statusCode, value }, i) => {
          if (statusCode.isGood()) return plain(value.value)
          throw new Error(`${nodes[i] ?? ''}: the server says ${statusCode.name}`)
        })
      } catch (error) {
        await close()
        throw error
      }
    },
    close,
  }
}

/** A client that hangs in its goodbye is left to itself. */
const end = (client: OPCUAClient): Promise<void> =>
  within(client.disconnect(), timeoutMs).catch(() => undefined)

/** `nsu=URI;...` as the `ns=N;...` that this server uses for it now: indices may change with every restart. */
export function indexed(node: string, namespaces: readonly string[]): string {
  const [, uri, rest] = /^nsu=([^;]+);(.*)$/.exec(node) ?? []
  if (uri === undefined || rest === undefined) return node
  const index = namespaces.indexOf(uri)
  if (index < 0) throw new Error(`${node}: the server has no such namespace; it has ${namespaces.join(', ')}`)
  return `ns=${index};${rest}`
}

/** 64-bit integers come as two words. */
function plain(value: unknown): unknown {
  if (!Array.isArray(value) || value.length !== 2) return value
  const [high, low] = value as unknown[]
  return typeof high === 'number' && typeof low === 'number' ? high * 4_294_967_296 + low : value
}
