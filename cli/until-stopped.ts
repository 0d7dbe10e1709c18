/**
 * Resolves at the first Ctrl-C or SIGTERM. To be called before a command says that it is ready: whoever waits for that
 * line may stop it at once.
 */
export const untilStopped = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
