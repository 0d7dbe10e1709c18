import { type Command, CommanderError } from 'commander'

/** What was asked for cannot be done as it was typed: told in one line, exit code 2. */
export class UsageError extends Error {}

/** Unwanted options are usage errors (exit 2); `--help` is none. */
function strict(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help shows every option)')
  // Help is wrapped to the terminal: only ends of sentences end a line by themselves.
  command.description(command.description().replaceAll(/([^.:])\n/g, '$1 '))
  for (const sub of command.commands) strict(sub)
  return command
}

/**
 * Runs a command and resolves with its exit code: 0 done, 1 failed (said in one line, with the stack where HOURS_TRACE
 * is set), 2 wrong usage, or what it set itself. `name` is how people called it.
 */
export async function runCommand(
  name: string,
  load: () => Command | Promise<Command>,
  argv: readonly string[],
): Promise<number> {
  try {
    await strict((await load()).name(name)).parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    if (process.env['HOURS_TRACE'] && error instanceof Error) console.error(error.stack)
    return isUsage(error) ? 2 : 1
  }
}

/** `bad_option`: a scope, period or folder that ingest will not take. */
const isUsage = (error: unknown) =>
  error instanceof UsageError || (error instanceof Error && 'code' in error && error.code === 'bad_option')
