import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createIngest } from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { Command } from 'commander'
import { pino } from 'pino'
import { typedPath } from './paths.ts'
import { flagOrEnv } from './flag-values.ts'

/** `hours init`: makes the keys and the first record of a real site's log, once. */
export function initCommand(): Command {
  return new Command('init')
    .description(
      'Makes the log, service, operator and report keys (mode 0600) and the first record of the evidence log,\n' +
        "prints the log's vkey, and writes a policy file to hand to the regulator.",
    )
    .requiredOption('--name <name>', 'name of the log for ever, such as hours.gibh.ac.cn')
    .option('--data <dir>', 'where data lives (HOURS_DATA, default ./data)')
    .action(async (options: { name: string; data?: string }) => {
      if (!/^[a-z0-9][a-z0-9.-]{2,80}$/.test(options.name) || options.name.startsWith('demo.'))
        throw new Error(
          `--name "${options.name}": 3 to 81 of a-z, 0-9, "." and "-"; not beginning with "demo.", which simulations do`,
        )
      const dataDir = typedPath(flagOrEnv(options.data, 'HOURS_DATA', 'data'))
      mkdirSync(dataDir, { recursive: true, mode: 0o700 })
      const ingest = await createIngest({
        dataDir,
        clock: systemClock,
        log: pino({ level: 'silent' }),
        logName: options.name,
        simulated: false,
      })
      const vkey = ingest.log.vkey()
      writeFileSync(
        join(dataDir, 'policy'),
        [
          '# Whom a checker of these hours trusts (C2SP tlog-policy). Add the witnesses of the regulator and of at',
          '# least one more party, and a quorum of them: a quorum of the operator alone protects nobody.',
          `log ${vkey}`,
          'quorum none',
          '',
        ].join('\n'),
      )
      await ingest.close()
      console.log(`log vkey  ${vkey}`)
      console.log(`keys      ${join(dataDir, 'keys')} (back them up; whoever has them is you)`)
      console.log(`policy    ${join(dataDir, 'policy')}`)
      console.log('next      npm run -s hours -- serve --data DIR')
    })
}
