import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import {
  auditFinding,
  certificateFindings,
  clockFinding,
  diskFindings,
  type Finding,
  logFindings,
  permissionFindings,
  portFinding,
  seriesFindings,
} from './doctor-checks.ts'
import { typedPath } from './paths.ts'
import { flagOrEnv, portOf } from './flag-values.ts'

interface Flags {
  readonly data?: string
  readonly tls?: string
  readonly json?: boolean
}

/** `hours doctor`: what would go wrong, before it does. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Looks at clock, disk, private keys, certificates, ports, the log (was it rolled back?), the audit and\n' +
        'what the series store refused; changes nothing.\n' +
        'Exit codes: 0 nothing is bad; 1 something is.',
    )
    .option('--data <dir>', 'where data lives (HOURS_DATA, default ./data)')
    .option('--tls <cert,key>', 'the certificate that serve is given, to look at its date')
    .option('--json', 'print as JSON')
    .action(async ({ data, tls, json }: Flags) => {
      const dataDir = typedPath(flagOrEnv(data, 'HOURS_DATA', 'data'))
      if (!existsSync(join(dataDir, 'log')))
        throw new Error(`${dataDir} is not a site. Fix: --data DIR, or hours init.`)
      const cert = tls?.split(',')[0]
      const ports = [
        portOf(flagOrEnv(undefined, 'HOURS_HTTP_PORT', '8080'), 'HOURS_HTTP_PORT'),
        portOf(flagOrEnv(undefined, 'HOURS_MQTT_PORT', '8883'), 'HOURS_MQTT_PORT'),
      ]
      const findings: Finding[] = [
        clockFinding(),
        ...diskFindings(dataDir),
        ...permissionFindings(dataDir),
        ...certificateFindings(dataDir, cert === undefined ? [] : [typedPath(cert)]),
        ...(await Promise.all(ports.map(portFinding))),
        ...logFindings(dataDir),
        auditFinding(dataDir),
        ...seriesFindings(dataDir),
      ]
      if (json === true) console.log(JSON.stringify(findings, null, 1))
      else
        for (const { check, verdict, says } of findings)
          console.log(`${verdict === 'bad' ? 'BAD ' : verdict} ${check}: ${says}`)
      process.exitCode = findings.some(({ verdict }) => verdict === 'bad') ? 1 : 0
    })
}
