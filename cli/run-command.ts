import { type Command, CommanderError } from 'commander'

/** Unwanted options are usage errors (exit 2); `--help` is none. */
function strict(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help shows every option)')
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
    await strict(await load()).parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    if (process.env['HOURS_TRACE'] && error instanceof Error) console.error(error.stack)
    return 1
  }
}
