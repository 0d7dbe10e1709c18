import { cpSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

/** What is read of a dependency's package.json. */
interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** Where Node finds package `name` from `folder`, no higher than `root`. */
function findPackage(root: string, folder: string, name: string): string | undefined {
  for (let at = folder; at.startsWith(root); at = dirname(at)) {
    const found = join(at, 'node_modules', name)
    if (existsSync(join(found, 'package.json'))) return found
  }
  return undefined
}

/** The folders of `names` and of everything they need, as the lockfile has installed them below `root`. */
function installedFolders(root: string, names: Iterable<string>): ReadonlySet<string> {
  const folders = new Set<string>()
  function visit(name: string, from: string, isOptional: boolean): void {
    const folder = findPackage(root, from, name)
    if (folder === undefined && isOptional) return
    if (folder === undefined) throw new Error(`${name}, needed in ${from}, is not installed. Fix: npm ci.`)
    if (folders.has(folder)) return
    folders.add(folder)
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = manifestOf(folder)
    for (const one of Object.keys(dependencies)) visit(one, folder, one in optionalDependencies)
    for (const one of Object.keys({ ...optionalDependencies, ...peerDependencies })) visit(one, folder, true)
  }
  for (const name of names) visit(name, root, false)
  return folders
}

/** What only compilers and debuggers read. */
const unneeded = /(\.[cm]?ts|\.map|\.flow|\.tsbuildinfo)$/

/**
 * Copies the packages `names` with all they need from `root`'s node_modules into that of `out`, without types and source
 * maps, and gives the exact versions of `names`.
 */
export function copyPackages(root: string, out: string, names: Iterable<string>): Record<string, string> {
  const folders = installedFolders(root, names)
  for (const folder of folders) {
    const place = relative(root, folder)
    if (!place.startsWith('node_modules'))
      throw new Error(`${place} would be found by one room only. Fix: one version for all rooms.`)
    cpSync(folder, join(out, place), {
      recursive: true,
      // What is nested in it is in the list by itself, if it is needed at all (protobufjs brings a whole compiler's).
      filter: (path) => !relative(folder, path).split(sep).includes('node_modules') && !unneeded.test(path),
    })
  }
  const versions = [...names].map(
    (name) => [name, manifestOf(join(root, 'node_modules', name)).version] as const,
  )
  return Object.fromEntries(versions.sort(([a], [b]) => (a < b ? -1 : 1)))
}
