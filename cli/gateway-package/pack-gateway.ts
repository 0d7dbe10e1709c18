import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { gatherModules } from './modules.ts'
import { copyPackages } from './packages.ts'
import { copyRuntime, type Platform } from './runtime.ts'

const launcher = `#!/bin/sh
# The gateway on the runtime that came with it; little room for new objects keeps it small.
export MALLOC_ARENA_MAX=1
here=$(dirname "$(readlink -f "$0")")
exec "$here/runtime/node" --disable-warning=ExperimentalWarning --max-semi-space-size=1 --optimize-for-size "$here/cli/gateway-main.js" "$@"
`

/** What a device needs beside the program, and where it lies in the package. */
const beside = [
  ['LICENSE', 'LICENSE'],
  ['docs/operating.md', 'docs/operating.md'],
  ['docs/sources.md', 'docs/sources.md'],
  ['deploy/systemd/hours-gateway.service', 'hours-gateway.service'],
] as const

/** An npm package of the gateway: a file `name.tgz`, what it holds, and its size. */
export interface GatewayPackage {
  readonly file: string
  readonly version: string
  readonly runtime: string
  readonly modules: number
}

/**
 * Packs the gateway as plain JavaScript with its dependencies and its runtime into `out`/instrument-hours-gateway-
 * VERSION-PLATFORM.tgz: nothing has to be compiled, looked up or downloaded where it is unpacked or installed by npm.
 * Needs GNU tar. `level` of gzip, 1 to 9.
 */
export async function packGateway(
  root: string,
  {
    out,
    platform,
    level = 6,
  }: { readonly out: string; readonly platform: Platform; readonly level?: number },
): Promise<GatewayPackage> {
  const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
    license: string
  }
  mkdirSync(out, { recursive: true })
  const scratch = mkdtempSync(join(out, '.pack-'))
  try {
    const folder = join(scratch, 'package')
    const { files, packages } = gatherModules(root, 'cli/gateway-main.ts')
    for (const [path, text] of files) put(join(folder, path), text)
    const dependencies = copyPackages(root, folder, packages)
    const runtime = copyRuntime(root, folder, platform, mkdtempSync(join(scratch, 'runtime-')))
    put(join(folder, 'hours-gateway'), launcher, 0o755)
    put(join(folder, 'package.json'), manifest({ version, license, platform, runtime, dependencies }))
    for (const [from, to] of beside) put(join(folder, to), readFileSync(join(root, from), 'utf8'))
    const file = join(out, `instrument-hours-gateway-${version}-${platform}.tgz`)
    await archive(scratch, file, level)
    return { file, version, runtime, modules: files.size }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode })
}

function manifest(of: {
  version: string
  license: string
  platform: Platform
  runtime: string
  dependencies: Record<string, string>
}): string {
  const [os = '', cpu = ''] = of.platform.split('-')
  const manifest = {
    name: 'instrument-hours-gateway',
    version: of.version,
    description: `Reads plugs and meters, writes signed pages. Brings Node ${of.runtime} for ${of.platform}.`,
    license: of.license,
    type: 'module',
    os: [os],
    cpu: [cpu],
    bin: { 'hours-gateway': 'hours-gateway' },
    dependencies: of.dependencies,
    bundleDependencies: Object.keys(of.dependencies),
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** The same files give the same bytes, on whatever day and by whomever they are packed. */
async function archive(scratch: string, file: string, level: number): Promise<void> {
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=go=rX']
  const tar = spawn('tar', [...same, '-C', scratch, '-cf', '-', 'package'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(tar, 'close')
  await pipeline(tar.stdout, createGzip({ level }), createWriteStream(file))
  const [code] = (await ended) as [number | null]
  if (code !== 0) throw new Error(`tar ended with ${String(code)}. Fix: GNU tar.`)
}
