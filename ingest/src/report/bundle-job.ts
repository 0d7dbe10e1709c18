import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ApiContext } from '../api/context.ts'
import type { WriteBundle } from '../api/report-routes.ts'
import { sitePolicy, writeBundle } from './write-bundle.ts'
import { zipFolder } from './zip-folder.ts'

/** Bundles as jobs of the API: written beside the job's file, then packed into it. */
export const bundleJob =
  ({ ingest, logDir, software }: Pick<ApiContext, 'ingest' | 'logDir' | 'software'>): WriteBundle =>
  async ({ scope, period, ruleset }, { path, signal, progress: onProgress }) => {
    const folder = `${path}.folder`
    try {
      const policy = sitePolicy(dirname(logDir))
      const { names } = await writeBundle(ingest, {
        ...{ scope, period, ruleset, policy, software, signal, onProgress },
        out: folder,
      })
      await zipFolder(folder, { names, path, signal })
      const name = `hours-${scope.replaceAll(/[^a-z0-9-]/gi, '-')}-${period}`
      return { name: `${name}.zip`, type: 'application/zip' }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
