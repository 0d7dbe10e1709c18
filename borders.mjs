// Checks the room borders, and that the checker has seen the rooms at all: with a TypeScript it does not
// know, dependency-cruiser reads 0 modules and still says "no violations".
import { cruise } from 'dependency-cruiser'
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-config'
import extractTs from 'dependency-cruiser/config-utl/extract-ts-config'
import { existsSync } from 'node:fs'

const config = await extractOptions('./.dependency-cruiser.cjs')
const where = [
  'hours.ts',
  'cli',
  'protocol',
  'usage',
  'sensing',
  'ledger',
  'verifier',
  'gateway',
  'broker',
  'ingest',
  'dashboards',
  'firmware-sim',
  'test',
  'bench',
]
const result = await cruise(
  where.filter((path) => existsSync(path)),
  { ...config.options, ruleSet: config, validate: true, outputType: 'err' },
  {},
  { tsConfig: extractTs('./tsconfig.json') },
)
const own = Number(/(\d+) modules/.exec(result.output)?.[1] ?? 0)
process.stdout.write(result.output)
if (own < 10) {
  console.error(`borders: only ${own} modules seen; the checker did not read the TypeScript files`)
  process.exit(1)
}
process.exit(result.exitCode === 0 ? 0 : 1)
