export { createWitness, serveWitness, type WitnessAnswer, type WitnessOptions } from './witness.ts'
export { createFacts, type Facts, type Stated } from './facts.ts'
export { httpSource, SourceError } from './http-source.ts'
export { directorySource, type LogSource } from './log-source.ts'
export { createProblems, type Problem, type ProblemCode, type Problems } from './problem.ts'
export { type LogVerdict, verifyLog, type VerifyOptions } from './verify-log.ts'
export { type BundleFiles, bundleOf, type RawFiles } from './bundle-files.ts'
export {
  type BundleVerdict,
  verifyBundle,
  verifyBundleFiles,
  type VerifyBundleOptions,
} from './verify-bundle.ts'
