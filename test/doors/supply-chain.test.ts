import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

interface Package {
  readonly version?: string
  readonly license?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly hasInstallScript?: boolean
}
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, Package>>
}
const installed = Object.entries(lock.packages).filter(
  ([path, one]) => path.includes('node_modules/') && !one.link,
)
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
const document = readFileSync('docs/licences.md', 'utf8')

describe('what is installed', () => {
  it('comes from the registry, by hash, and runs nothing when it is installed', () => {
    expect(installed.length).toBeGreaterThan(100)
    for (const [path, { resolved, integrity }] of installed) {
      // Absent = whatever registry npm is set to; an address elsewhere, or of a repository, would stand here.
      expect(resolved ?? 'https://registry.npmjs.org/', path).toMatch(/^https:\/\/registry\.npmjs\.org\//)
      expect(integrity, path).toMatch(/^sha512-/)
    }
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^ignore-scripts\s*=\s*true$/m)
  })

  it('is never the unclaimed name of a Grafana client', () => {
    expect(installed.map(([path]) => nameOf(path))).not.toContain('grafana-api-client')
  })

  it('has the licences that docs/licences.md lists, each of them and no other', () => {
    const counts = new Map<string, number>()
    for (const [path, { license }] of installed) {
      const name = license ?? `not stated (${nameOf(path)})`
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    const listed = [...document.matchAll(/^\| ([^|]+?) \|/gm)].map(([, name]) => name).slice(1)
    expect(listed.toSorted()).toEqual([...counts.keys()].toSorted())
  })
})
