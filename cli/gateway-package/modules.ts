import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, posix, relative } from 'node:path'
import ts from 'typescript'

/** Modules as plain JavaScript by their path in the package, and the npm packages that they import. */
export interface GatheredModules {
  readonly files: ReadonlyMap<string, string>
  readonly packages: ReadonlySet<string>
}

/**
 * Everything that the module `entry` (a path below `root`) imports, however it does, with its types blanked out: lines
 * and columns stay those of the source. Rooms (`@hours/...`) become relative paths. Throws for what is not there.
 */
export function gatherModules(root: string, entry: string): GatheredModules {
  const files = new Map<string, string>()
  const packages = new Set<string>()
  const waiting = [entry]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (files.has(scriptPath(path))) continue
    const source = stripTypeScriptTypes(readFileSync(join(root, path), 'utf8'))
    const { text, modules, external } = resolved(root, path, source)
    files.set(scriptPath(path), text)
    waiting.push(...modules)
    for (const name of external) packages.add(name)
  }
  return { files, packages }
}

const scriptPath = (path: string): string => path.replace(/\.ts$/, '.js')

/** Points the imports of one module to scripts, and says which modules and packages they are. */
function resolved(root: string, path: string, source: string) {
  const modules: string[] = []
  const external: string[] = []
  let text = ''
  let done = 0
  for (const { fileName: name, pos } of ts.preProcessFile(source, true, true).importedFiles) {
    if (name.startsWith('node:')) continue
    const module = ownModule(root, path, name)
    if (module === undefined) {
      external.push(packageName(name))
      continue
    }
    modules.push(module)
    const target = posix.relative(posix.dirname(path), scriptPath(module))
    // The position is that of the opening quote.
    text += `${source.slice(done, pos + 1)}${target.startsWith('.') ? target : `./${target}`}`
    done = pos + 1 + name.length
  }
  return { text: text + source.slice(done), modules, external }
}

/** The path below `root` of a module of our own; undefined for an npm package. */
function ownModule(root: string, from: string, name: string): string | undefined {
  if (name.startsWith('.')) return relative(root, join(root, dirname(from), name))
  const [scope, room = '', ...rest] = name.split('/')
  if (scope !== '@hours') return undefined
  const { exports } = JSON.parse(readFileSync(join(root, room, 'package.json'), 'utf8')) as {
    exports: string | Record<string, string>
  }
  const door = rest.length === 0 ? '.' : `./${rest.join('/')}`
  const file = typeof exports === 'string' ? exports : exports[door]
  if (file === undefined)
    throw new Error(`${from} imports ${name}, which ${room}/package.json does not export`)
  return join(room, file)
}

const packageName = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
