// The careful Node-RED flow: JSON -> function -> join of 500 or 1 s -> influxdb batch, a persistent session at the broker.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const packages = ['node-red@4', 'node-red-contrib-influxdb@0.7']

/** Folder with Node-RED in it: HOURS_NODE_RED, or a new one that npm fills; undefined where it does not install. */
export function nodeRedFolder(): string | undefined {
  const dir = process.env['HOURS_NODE_RED'] ?? mkdtempSync(join(tmpdir(), 'hours-node-red-'))
  if (existsSync(main(dir))) return dir
  const { status } = spawnSync(
    'npm',
    ['install', '--prefix', dir, '--no-fund', '--no-audit', '--ignore-scripts', ...packages],
    { stdio: 'ignore' },
  )
  return status === 0 && existsSync(main(dir)) ? dir : undefined
}

const main = (dir: string) => join(dir, 'node_modules', 'node-red', 'red.js')

interface Ports {
  readonly broker: number
  readonly influx: number
  /** Of its editor, which nobody asks. */
  readonly editor: number
}

/** Starts it in a folder of its own and resolves when it is connected to the broker. */
export async function startNodeRed(installed: string, dir: string, ports: Ports): Promise<ChildProcess> {
  mkdirSync(dir, { recursive: true })
  const settings = {
    uiHost: '127.0.0.1',
    uiPort: ports.editor,
    flowFile: 'flows.json',
    nodesDir: join(installed, 'node_modules', 'node-red-contrib-influxdb'),
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: 'info' } },
  }
  writeFileSync(join(dir, 'settings.js'), `module.exports = ${JSON.stringify(settings)}\n`)
  writeFileSync(join(dir, 'flows.json'), JSON.stringify(flow(ports)))
  const child = spawn(
    process.execPath,
    [main(installed), '-u', dir, '-s', join(dir, 'settings.js'), 'flows.json'],
    { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await new Promise<void>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (part: Buffer) => {
      text = (text + part.toString()).slice(-10_000)
      if (text.includes('Connected to broker')) resolve()
    })
    child.once('exit', (code) => {
      reject(new Error(`Node-RED ended with ${code ?? 'a signal'}: ${text.slice(-500)}`))
    })
  })
  return child
}

const point = `const p = msg.payload
return { payload: { measurement: 'usage', tags: { instrument: p.instrument },
  fields: { state: p.state, watts: p.watts }, timestamp: p.ts } }`

const flow = ({ broker, influx }: Ports): readonly object[] => [
  { id: 'tab', type: 'tab', label: 'usage' },
  {
    ...{ id: 'brk', type: 'mqtt-broker', broker: '127.0.0.1', port: String(broker), clientid: 'nodered' },
    ...{ autoConnect: true, usetls: false, protocolVersion: '4', keepalive: '60' },
    ...{ cleansession: false, autoUnsubscribe: false },
  },
  {
    ...{ id: 'idb', type: 'influxdb', hostname: '127.0.0.1', port: String(influx), protocol: 'http' },
    ...{ database: 'peer', usetls: false, influxdbVersion: '1.x' },
  },
  {
    ...{ id: 'in', type: 'mqtt in', z: 'tab', topic: 'usage/#', qos: '1', datatype: 'buffer' },
    ...{ broker: 'brk', nl: false, rap: true, rh: 0, inputs: 0, wires: [['js']] },
  },
  { id: 'js', type: 'json', z: 'tab', property: 'payload', action: 'obj', pretty: false, wires: [['fn']] },
  { id: 'fn', type: 'function', z: 'tab', func: point, outputs: 1, noerr: 0, libs: [], wires: [['jn']] },
  {
    ...{ id: 'jn', type: 'join', z: 'tab', mode: 'custom', build: 'array', property: 'payload' },
    ...{ propertyType: 'msg', key: 'topic', joiner: '\\n', joinerType: 'str', accumulate: false },
    ...{ timeout: '1', count: '500', reduceRight: false, wires: [['ob']] },
  },
  {
    ...{ id: 'ob', type: 'influxdb batch', z: 'tab', influxdb: 'idb', precision: 'ms' },
    ...{ retentionPolicy: '', name: '', wires: [] },
  },
]
