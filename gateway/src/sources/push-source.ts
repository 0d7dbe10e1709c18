import { decodePush } from '@hours/sensing'
import { GatewayError } from '../gateway-error.ts'
import { leastTokenLength, pushAddress } from '../push-settings.ts'
import type { StartSource } from '../source-runner.ts'
import { listenForPushes, type PushAnswer } from './push-listener.ts'

/** A PC that pushes faster is broken: more than so many in a second are not taken. */
const perSecond = 20

/**
 * Readings that an instrument's PC pushes: `POST /push/NAME` with a bearer token and the JSON of `decodePush`. Silence
 * needs no care here: without samples time becomes unknown. Throws GatewayError `bad_config` without address or token.
 */
export const startPush: StartSource<'http-push'> = async (context) => {
  const { instrument, source, clock, near } = context
  const token = process.env[source.tokenEnv]
  if (!near.push || token === undefined || token.length < leastTokenLength)
    throw new GatewayError(
      'bad_config',
      `${instrument}: http-push needs \`push: HOST:PORT\` in the YAML and a token of ${leastTokenLength} characters in ${source.tokenEnv}.`,
    )
  let second = 0
  let taken = 0
  function take(body: Uint8Array): PushAnswer {
    const now = Math.floor(clock.monotonic() / 1_000)
    taken = now === second ? taken + 1 : 1
    second = now
    if (taken > perSecond) return { status: 429, text: `more than ${perSecond} a second` }
    const reading = decodePush(body, clock.wall())
    context.emit(reading)
    if (!reading.ok) return { status: 400, text: reading.error.message }
    return reading.value.kind === 'nothing'
      ? { status: 400, text: reading.value.why }
      : { status: 204, text: '' }
  }
  const listener = await listenForPushes(pushAddress(near.push), source.name, { token, take })
  return { stop: () => listener.leave() }
}
