import type { SourceLoaders } from './source-runner.ts'

/** Polled kinds this gateway can read; a file is loaded when a source of its kind is configured. */
export const sourceLoaders: SourceLoaders = {}
