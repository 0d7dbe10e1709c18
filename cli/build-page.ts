import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const web = join(import.meta.dirname, '..', 'dashboards', 'web')

/** The folder of the built page; builds it first when it is missing or older than its sources. */
export function buildPage(): string {
  const dist = join(web, 'dist')
  const built = join(dist, 'index.html')
  const newest = Math.max(...[join(web, 'src'), join(web, 'index.html')].map(newestIn))
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return dist
  process.stderr.write('Building the page ...\n')
  const vite = join(import.meta.dirname, '..', 'node_modules', 'vite', 'bin', 'vite.js')
  const done = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: web,
    stdio: ['ignore', 2, 2],
  })
  if (done.status !== 0)
    process.stderr.write('The page could not be built (see above); the API works without it.\n')
  return dist
}

function newestIn(path: string): number {
  if (!existsSync(path)) return 0
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))))
}
