import { existsSync, writeFileSync } from 'node:fs'
import { GatewayId, gatewayFile, type GivenIdentity } from '@hours/protocol'
import { Command } from 'commander'
import { enrolGateway, renewGateway } from './gateway-identity.ts'
import { typedPath } from './paths.ts'

interface Flags {
  readonly url: string
  readonly code: string
  readonly gateway: string
  readonly pin?: string
  readonly data: string
  readonly local: string
  readonly out?: string
}

/** `hours gateway enrol`: on the device, once. */
export function gatewayEnrolCommand(): Command {
  return new Command('enrol')
    .description('Makes this gateway’s keys here, has the site sign them, and prints what its YAML needs.')
    .requiredOption('--url <https://site:port>', 'the site’s page')
    .requiredOption('--code <code>', 'what hours enrol printed')
    .requiredOption('--gateway <id>', 'the gateway the code is for')
    .option('--pin <sha256>', 'what hours enrol printed; not needed where the site has a public certificate')
    .option('--data <dir>', 'the gateway’s data folder', './gateway-data')
    .option('--local <url>', 'the broker that the plugs report to', 'mqtt://127.0.0.1:1883')
    .option('--out <file>', 'write the gateway’s YAML there, instead of printing it')
    .action(async ({ url, code, gateway, pin, data, local, out }: Flags) => {
      const file = out === undefined ? undefined : typedPath(out)
      if (file !== undefined && existsSync(file))
        throw new Error(`${file} is there already. Fix: another --out, or move it away.`)
      const dir = typedPath(data)
      const given = await enrolGateway({
        dir,
        url: new URL(url).origin,
        code,
        gateway: GatewayId.parse(gateway),
        ...(pin === undefined ? {} : { pin }),
      })
      const yaml = yamlOf(given, { dir, url, local })
      if (file === undefined) console.log(yaml)
      else {
        writeFileSync(file, yaml)
        console.log(`${file}\nnext: npm run -s hours -- gateway --config ${file}`)
      }
    })
}

/** What the site knows goes into the file; what it does not know yet stands there as an example to fill in. */
function yamlOf(
  given: GivenIdentity,
  { dir, url, local }: { dir: string; url: string; local: string },
): string {
  const { site, gateway, expires, trust, instruments = [] } = given
  const brokerUrl = given.broker ?? `mqtts://${new URL(url).hostname}:8883`
  const text = gatewayFile({ ...{ site, gateway, data: dir, brokerUrl, local, trust, instruments } })
  const until = `# Certificate until ${new Date(expires).toISOString()}; the gateway renews it by itself.`
  return [until, text, ...(instruments.length > 0 ? [] : example)].join('\n')
}

const example = [
  '# The site does not know yet how this gateway’s instruments are sensed. Fill in, one entry an instrument:',
  '#  - id: sem-01',
  '#    source: { kind: tasmota, topic: pow1 }',
  '#    thresholds: { onStartMw: 20000, onStopMw: 12000, runStartMw: 400000, runStopMw: 320000 }',
]

/** `hours gateway renew`: by hand; a running gateway does it by itself. */
export function gatewayRenewCommand(): Command {
  return new Command('renew')
    .description('Has the site make this gateway’s next certificate now.')
    .option('--data <dir>', 'the gateway’s data folder', './gateway-data')
    .action(async ({ data }: { data: string }) => {
      const done = await renewGateway(typedPath(data), Date.now(), true)
      console.log(done ? 'renewed; the next connection uses it' : 'not enrolled by hours gateway enrol')
    })
}
