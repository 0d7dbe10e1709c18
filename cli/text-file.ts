import { readFileSync } from 'node:fs'
import { typedPath } from './paths.ts'
import { UsageError } from './run-command.ts'

/** The text of the file that a flag names. */
export function textOf(flag: string, typed: string): string {
  const path = typedPath(typed)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new UsageError(`${flag}: ${path} cannot be read (${why}). Fix: the path of a text file.`)
  }
}
