import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Machines a gateway is packed for: those the lockfile pins a Linux runtime of. */
export const platforms = ['linux-arm64', 'linux-x64'] as const
export type Platform = (typeof platforms)[number]

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>
}

/**
 * Puts the Node that the lockfile pins for `platform` into `out`/runtime: the installed one, or for another machine than
 * this the very bytes of the lockfile out of the package registry. Resolves with its version.
 */
export function copyRuntime(root: string, out: string, platform: Platform, scratch: string): string {
  const name = `node-${platform}`
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lockfile
  const pinned = lock.packages[`node_modules/${name}`]
  if (!pinned) throw new Error(`package-lock.json pins no ${name}`)
  const installed = join(root, 'node_modules', name)
  const from = existsSync(join(installed, 'bin', 'node')) ? installed : download(name, pinned, scratch)
  mkdirSync(join(out, 'runtime'), { recursive: true })
  for (const [file, as] of [
    ['bin/node', 'node'],
    ['LICENSE', 'LICENSE'],
  ] as const)
    copyFileSync(join(from, file), join(out, 'runtime', as))
  return pinned.version
}

function download(name: string, { version, integrity }: Lockfile['packages'][string], scratch: string) {
  console.error(`${name} ${version} is not installed here; it is asked of the package registry ...`)
  const npm = ['pack', `${name}@${version}`, '--pack-destination', scratch, '--silent']
  const archive = join(scratch, execFileSync('npm', npm, { encoding: 'utf8' }).trim())
  const [algorithm = '', hash] = integrity.split(/-(.*)/s)
  if (createHash(algorithm).update(readFileSync(archive)).digest('base64') !== hash)
    throw new Error(`${name} ${version}: the registry's bytes are not those of package-lock.json`)
  execFileSync('tar', ['-xzf', archive, '-C', scratch, 'package/bin/node', 'package/LICENSE'])
  return join(scratch, 'package')
}
