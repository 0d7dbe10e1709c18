import { GatewayId } from '@hours/protocol'
import { Command } from 'commander'
import { enrolGateway, identityFiles, renewGateway } from './gateway-identity.ts'
import { typedPath } from './paths.ts'

interface Flags {
  readonly url: string
  readonly code: string
  readonly gateway: string
  readonly pin?: string
  readonly data: string
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
    .action(async ({ url, code, gateway, pin, data }: Flags) => {
      const dir = typedPath(data)
      const given = await enrolGateway({
        dir,
        url: new URL(url).origin,
        code,
        gateway: GatewayId.parse(gateway),
        ...(pin === undefined ? {} : { pin }),
      })
      const { cert, key, ca } = identityFiles(dir)
      console.log(
        `# Certificate until ${new Date(given.expires).toISOString()}; the gateway renews it by itself.`,
      )
      console.log(`site: ${given.site}\ngateway: ${given.gateway}\ndata: ${dir}`)
      console.log(
        `broker:\n  url: mqtts://${new URL(url).hostname}:8883\n  cert: ${cert}\n  key: ${key}\n  ca: ${ca}`,
      )
      console.log(`trust: ${JSON.stringify(given.trust)}`)
    })
}

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
