import { decodeMtconnect } from '@hours/sensing'
import type { StartSource } from '../source-runner.ts'
import { pollSource } from './poll.ts'

const timeoutMs = 5_000
/** A `current` of a large machine is some 100 KB. */
const maxBytes = 4_000_000

/** Asks an MTConnect agent for `current` (MTConnect part 1) every `everyMs`; the decoder says what it means. */
export const startMtconnect: StartSource<'mtconnect'> = (context) => {
  const { url, device, everyMs } = context.source
  const address = `${url.replace(/\/+$/, '')}/current`
  const ask = async (stop: AbortSignal) => {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)])
    const answer = await fetch(address, { signal, headers: { accept: 'text/xml' }, redirect: 'error' })
    const bytes = await bodyOf(answer)
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}`)
    return decodeMtconnect(bytes, context.clock.wall(), device === undefined ? {} : { device })
  }
  return Promise.resolve(pollSource(context, everyMs, ask))
}

async function bodyOf(answer: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (answer.body)
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > maxBytes) throw new Error(`an answer of more than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
  return Buffer.concat(chunks)
}
