import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { typedPath } from './paths.ts'
import { flagOrEnv } from './flag-values.ts'
import { copySite } from './site-copy.ts'

/** `hours backup`: a copy of the site, also while it runs. */
export function backupCommand(): Command {
  return new Command('backup')
    .description(
      'Copies log, operations, keys and certificates into a new folder, reads the copy through, and writes a manifest.\n' +
        'May run beside serve. The copy holds the private keys: keep it as you keep them. Index and series are made again\n' +
        'from the log.',
    )
    .requiredOption('--to <dir>', 'a folder that is empty or not there yet')
    .option('--data <dir>', 'where data lives (HOURS_DATA, default ./data)')
    .action(({ to, data }: { to: string; data?: string }) => {
      const from = typedPath(flagOrEnv(data, 'HOURS_DATA', 'data'))
      const target = typedPath(to)
      if (!existsSync(join(from, 'log'))) throw new Error(`${from} holds no log. Fix: --data DIR of a site.`)
      if (existsSync(target) && readdirSync(target).length > 0)
        throw new Error(`${target} is not empty. Fix: a new folder for each backup.`)
      const manifest = copySite(from, target, Date.now())
      writeFileSync(join(target, 'manifest.json'), JSON.stringify(manifest, null, 1), { mode: 0o600 })
      for (const { origin, size, root } of manifest.heads)
        console.log(`${origin}: ${size} records, root ${root}`)
      console.log(
        `${manifest.files.length} files in ${target}; the root was recomputed from the copied entries`,
      )
    })
}
