import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const repo = join(import.meta.dirname, '../..')

/** Builds the page into a folder of its own, so that suites side by side do not meet; ms it took. */
export function buildPage(): { root: string; ms: number } {
  const root = mkdtempSync(join(tmpdir(), 'hours-page-'))
  const start = performance.now()
  const args = [
    join(repo, 'node_modules/vite/bin/vite.js'),
    'build',
    '--logLevel',
    'warn',
    '--outDir',
    root,
    '--emptyOutDir',
  ]
  const built = spawnSync(process.execPath, args, { cwd: join(repo, 'dashboards/web'), encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`the page does not build:\n${built.stdout}${built.stderr}`)
  return { root, ms: performance.now() - start }
}

/** Screenshots are kept for CI and looked at. */
export const artefacts = process.env['HOURS_ARTEFACTS'] ?? join(repo, 'test/artefacts/browser')
