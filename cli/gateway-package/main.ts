import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { typedPath } from '../paths.ts'
import { runCommand } from '../run-command.ts'
import { packGateway } from './pack-gateway.ts'
import { type Platform, platforms } from './runtime.ts'

const root = join(import.meta.dirname, '..', '..')

const own = platforms.find((one) => one === `${process.platform}-${process.arch}`)

function packCommand(): Command {
  return new Command('pack:gateway')
    .description(
      'Packs the gateway as plain JavaScript with all it needs and its runtime into one .tgz, for machines without\n' +
        'Node, npm or a network. Exit codes: 0 packed, 1 failed, 2 wrong usage.',
    )
    .option('--out <dir>', 'folder of the .tgz', 'data/packages')
    .addOption(
      new Option('--platform <name>', 'the machine it is for')
        .choices(platforms)
        .default(own ?? 'linux-arm64'),
    )
    .action(async ({ out, platform }: { out: string; platform: Platform }) => {
      const { file, runtime, modules } = await packGateway(root, { out: typedPath(out), platform })
      const mb = statSync(file).size / 1e6
      console.log(`${file}\n${modules} modules, Node ${runtime} for ${platform}, ${mb.toFixed(1)} MB`)
    })
}

process.exitCode = await runCommand('pack:gateway', packCommand, process.argv.slice(2))
