import { configureGlobal } from 'fast-check'

/**
 * Runs before each test file: properties draw the same cases at every run, so that a red run is red again for whoever
 * looks into it. `npm run long` draws new ones; `HOURS_FUZZ_SEED=N` draws those of N.
 */
const asked = process.env['HOURS_FUZZ_SEED']
if (asked !== undefined && !/^-?\d{1,10}$/.test(asked))
  throw new Error(`HOURS_FUZZ_SEED=${asked}: a whole number of at most ten digits`)
if (asked !== undefined || process.env['HOURS_LONG'] !== '1')
  configureGlobal({ seed: Number(asked ?? 20_251_129) })
