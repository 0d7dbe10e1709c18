import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseTilePath } from '@hours/ledger'
import type { ApiContext } from './context.ts'
import { badField, Problem } from './problem.ts'
import type { Api } from './server.ts'

/** `GET /log/<year>/...`: the evidence log as static files (C2SP tlog-tiles); nothing but its own paths is answered. */
export function logRoutes(app: Api, { logDir, mayReadEntries }: ApiContext): void {
  app.get('/log/:year/*', { config: { needs: 'read' } }, async (request, reply) => {
    const { year, '*': path } = request.params as { year: string; '*': string }
    if (!/^\d{4}$/.test(year)) throw badField('year', year, 'four digits')
    const isCheckpoint = /^checkpoint$|^checkpoints\/(latest|\d{1,16})$/.test(path)
    const tile = isCheckpoint ? undefined : parseTilePath(path)
    // Only the one spelling of a tile's path gets this far, so no path can leave the folder.
    if (tile && !tile.ok) throw new Problem(404, 'no such file of the log', { value: path.slice(0, 120) })
    if (tile?.ok === true && tile.value.level === 'entries' && mayReadEntries?.(request) === false)
      throw new Problem(403, 'entries are for operator, regulator and auditor', {
        fix: 'ask the operator for the role',
      })
    const bytes = await readFile(join(logDir, year, path)).catch(() => undefined)
    if (!bytes) throw new Problem(404, 'no such file of the log', { value: path.slice(0, 120) })
    return reply
      .type(isCheckpoint ? 'text/plain; charset=utf-8' : 'application/octet-stream')
      .header(
        'cache-control',
        path === 'checkpoint' || path === 'checkpoints/latest'
          ? 'max-age=5'
          : 'public, max-age=31536000, immutable',
      )
      .send(bytes)
  })
}
