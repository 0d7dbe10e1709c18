import { AsyncLocalStorage } from 'node:async_hooks'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

/** A long answer made while it is sent, a part at a time, with others' turn between two parts. */
export const sentInTurns = (parts: Iterator<string>): Readable =>
  Readable.from(inTurns(parts, AsyncLocalStorage.snapshot()))

/** Whoever pulls at the stream, parts are made as the caller may see them: in the request's own context. */
async function* inTurns<T>(
  parts: Iterator<T>,
  inRequest: ReturnType<typeof AsyncLocalStorage.snapshot>,
): AsyncGenerator<T> {
  for (let part = inRequest(() => parts.next()); part.done !== true; part = inRequest(() => parts.next())) {
    yield part.value
    await turn()
  }
}
