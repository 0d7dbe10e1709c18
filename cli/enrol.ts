import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newGatewayPassword } from '@hours/broker'
import { openRegisters } from '@hours/ingest'
import { GatewayId, SiteId, systemClock } from '@hours/protocol'
import { Command } from 'commander'
import { pinOf } from './authority-pin.ts'
import { typedPath } from './paths.ts'
import { flagOrEnv } from './flag-values.ts'

interface Flags {
  readonly site?: string
  readonly gateway?: string
  readonly revoke?: string
  readonly list?: boolean
  readonly password?: boolean
  readonly data?: string
}

/** `hours enrol`: lets one gateway in by a one-time code, or shuts one out; on the site's machine. */
export function enrolCommand(): Command {
  return new Command('enrol')
    .description(
      'Prints a one-time code for one gateway, and what to call on the device; the keys are made there. Works beside a\n' +
        'running serve. A gateway that is enrolled anew loses its earlier certificates at once.',
    )
    .option('--site <id>', 'the site it belongs to')
    .option('--gateway <id>', 'the gateway: its MQTT client id, and the CN of its certificate')
    .option('--revoke <gateway>', 'shuts a gateway out; its live session ends within 5 s')
    .option(
      '--password',
      'with --gateway: the fallback, a password made here and printed once, instead of a code',
    )
    .option('--list', 'certificates given so far')
    .option('--data <dir>', 'where data lives (HOURS_DATA, default ./data)')
    .action((flags: Flags, command: Command) => {
      const dataDir = typedPath(flagOrEnv(flags.data, 'HOURS_DATA', 'data'))
      const caFile = join(dataDir, 'ca', 'ca.pem')
      if (!existsSync(caFile))
        throw new Error(`${dataDir} has no authority yet. Fix: start hours serve once.`)
      const registers = openRegisters(dataDir, systemClock)
      const { certificates, codes, audit, gatewayPasswords } = registers
      try {
        if (flags.list)
          for (const one of certificates.list())
            console.log(
              `${one.gateway}\t${one.serial}\tuntil ${new Date(one.expires).toISOString()}\t${one.revoked ? 'ended' : 'good'}`,
            )
        else if (flags.revoke !== undefined) {
          certificates.revoke(GatewayId.parse(flags.revoke))
          audit.add({ actor: 'console', action: 'gateway.revoke', target: flags.revoke, outcome: 'ok' })
          console.log(`${flags.revoke} is shut out`)
        } else if (flags.password === true && flags.gateway !== undefined) {
          const gateway = GatewayId.parse(flags.gateway)
          const password = newGatewayPassword()
          gatewayPasswords.setPassword(gateway, password)
          audit.add({ actor: 'console', action: 'gateway.password', target: gateway, outcome: 'ok' })
          console.log(password)
        } else if (flags.site === undefined || flags.gateway === undefined)
          command.error('--site and --gateway are needed (or --revoke, or --list).')
        else {
          const site = SiteId.parse(flags.site)
          const gateway = GatewayId.parse(flags.gateway)
          const code = codes.issue(site, gateway)
          audit.add({ actor: 'console', action: 'gateway.code', target: `${site}/${gateway}`, outcome: 'ok' })
          console.log(`code ${code}, good for two days, once. On the device:`)
          console.log(
            `  npm run -s hours -- gateway enrol --url https://THIS-SITE:8080 --code ${code} --pin ${pinOf(readFileSync(caFile, 'utf8'))}`,
          )
        }
      } finally {
        registers.close()
      }
    })
}
