// The door for every npm script. It runs on whatever Node the machine has (18 or later), installs what is
// missing, and then hands over to the Node that the lockfile pins.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { dirname, join } from 'node:path'

const root = dirname(fileURLToPath(import.meta.url))
const modules = join(root, 'node_modules')
const node = join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
const stamp = join(modules, '.installed-lockfile')
const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')

/** Installed means: node_modules was made from this very lockfile. npm's own marker counts when it is newer. */
function installed() {
  if (!existsSync(node)) return false
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === lockHash()
  const marker = join(modules, '.package-lock.json')
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
}

function install() {
  console.error('Installing what is missing (npm ci, once) ...')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const done = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (done.status !== 0) {
    console.error(
      'npm ci failed. Fix: check that the package registry is reachable, then run the same command again.',
    )
    process.exit(done.status ?? 1)
  }
  writeFileSync(stamp, lockHash())
}

const [first = '--help', ...rest] = process.argv.slice(2)
if (!installed()) install()
const vitest = join(modules, 'vitest', 'vitest.mjs')
const table = {
  '--test': [join(root, 'test', 'run.ts'), vitest, ...rest],
  '--long': [join(root, 'test', 'run.ts'), vitest, '--long', ...rest],
  '--build': [join(root, 'cli', 'build-main.ts'), ...rest],
  '--bench': [join(root, 'bench', 'run.ts'), ...rest],
  '--pack-gateway': [join(root, 'cli', 'gateway-package', 'main.ts'), ...rest],
}
const argv = table[first] ?? [join(root, 'hours.ts'), first, ...rest]
// A gateway lives on small machines: with little room for new objects it takes 98 MB instead of 129, and calibration, once a
// day, leaves less behind when the heap is told to stay small.
const small = first === 'gateway' ? ['--max-semi-space-size=1', '--optimize-for-size'] : []
const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...small, ...argv], {
  stdio: 'inherit',
  env: {
    ...process.env,
    // From the second start on nothing is compiled again, and the compiler's 30 MB are not needed; Node goes without
    // where the folder cannot be written.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(modules, '.cache', 'compile'),
    PATH: `${join(modules, '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
  },
})
// Ctrl-C reaches the child through the terminal; a signal sent to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 130 : (code ?? 1)))
