import { lockFolder } from '@hours/ledger/node'

/** Takes the log's directory for this process, as long as it is not released; throws `locked` naming who has it. */
export const lockWriter = (directory: string): (() => void) =>
  lockFolder(directory, { name: 'writer.lock', what: 'log directory' })
