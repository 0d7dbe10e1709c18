import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { typedPath } from './paths.ts'
import { flagOrEnv } from './flag-values.ts'
import { type Head, headOf, Manifest, manifestFaults, putBack, rootAt } from './site-copy.ts'

interface Flags {
  readonly from: string
  readonly data?: string
  readonly seen?: readonly string[]
  readonly nobodySawMore?: boolean
}

/** `hours restore`: a backup becomes a site again, unless somebody has seen more of the log than it has. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description(
      'Puts a backup into an empty data folder. A log that goes on from an old copy would show two histories: every\n' +
        'checkpoint that left the machine (a mirror, a witness, a regulator, a report, a gateway’s receipts) is compared, and\n' +
        'a backup that is behind any of them is refused. At the next start the witnesses of the policy are asked as well.',
    )
    .requiredOption('--from <dir>', 'what hours backup wrote')
    .option(
      '--seen <files...>',
      'checkpoints of this log that others have: files, or addresses such as https://mirror/log/2026/checkpoint',
    )
    .option(
      '--nobody-saw-more',
      'instead of --seen: I know that no checkpoint left this machine after the backup',
    )
    .option('--data <dir>', 'an empty folder (HOURS_DATA, default ./data)')
    .action(async (flags: Flags) => {
      const from = typedPath(flags.from)
      const to = typedPath(flagOrEnv(flags.data, 'HOURS_DATA', 'data'))
      if (existsSync(join(to, 'log')) && readdirSync(join(to, 'log')).length > 0)
        throw new Error(
          `${to} holds a log: restoring over it would fork it. Fix: an empty folder; keep this one.`,
        )
      const manifest = Manifest.parse(JSON.parse(readFileSync(join(from, 'manifest.json'), 'utf8')))
      const faults = manifestFaults(manifest, from)
      if (faults.length > 0)
        throw new Error(`${from} is not as it was written: ${faults.slice(0, 5).join('; ')}`)
      if (flags.seen === undefined && flags.nobodySawMore !== true)
        throw new Error(
          'nothing to compare with. Fix: --seen with the newest checkpoints that others have, or --nobody-saw-more.',
        )
      for (const name of flags.seen ?? [])
        checkSeen(headOf(await textOf(name), name), manifest, { from, name })
      putBack(manifest, from, to)
      for (const { origin, size } of manifest.heads) console.log(`${origin}: ${size} records are back`)
      console.log(`Next: npm run -s hours -- serve --data ${to} (makes the index again from the log)`)
    })
}

/** Refuses a backup that somebody has seen more, or something else, of. */
function checkSeen(seen: Head, { heads }: Manifest, { from, name }: { from: string; name: string }): void {
  const own = heads.find(({ origin }) => origin === seen.origin)
  const fix = 'Fix: a newer backup, or the missing tiles from a mirror; never go on from an older copy.'
  if (!own || seen.size > own.size)
    throw new Error(
      `${name} has seen ${seen.size} records of ${seen.origin}, the backup has ${own?.size ?? 0}: going on from it would fork the log. ${fix}`,
    )
  const year = Number(seen.origin.slice(seen.origin.lastIndexOf('/') + 1))
  if (rootAt(join(from, 'log'), year, seen.size) !== seen.root)
    throw new Error(
      `${name} has seen another history of ${seen.origin}: its first ${seen.size} records differ. ${fix}`,
    )
}

async function textOf(name: string): Promise<string> {
  if (!/^https?:\/\//.test(name)) return readFileSync(typedPath(name), 'utf8')
  const answer = await fetch(name, { signal: AbortSignal.timeout(20_000) })
  if (!answer.ok) throw new Error(`${name} answered ${answer.status}`)
  return answer.text()
}
