import {
  type AddCheckpoint,
  formatAddCheckpoint,
  type NoteSignature,
  parseCosignatures,
  parseNote,
  parseTlogSize,
  verifyNote,
  type VKey,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'

/** A witness of the policy file that has an address. */
export interface Witness {
  /** Its name in the policy. */
  readonly name: string
  readonly key: VKey
  /** `<url>/add-checkpoint` is asked. */
  readonly url: string
}

/** What a witness said of a checkpoint. */
export type WitnessReply =
  | { readonly kind: 'cosigned'; readonly line: NoteSignature }
  /** It stands at another size than the request assumed. */
  | { readonly kind: 'size'; readonly size: number }
  /** It holds that this log does not continue what it has seen. */
  | { readonly kind: 'fork'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

const maxAnswerBytes = 64 * 1024
const timeoutMs = 10_000

/** One `POST /add-checkpoint` (C2SP tlog-witness); a cosignature counts only when it verifies under the policy's key. */
export async function askWitness(
  witness: Witness,
  request: AddCheckpoint,
  stop?: AbortSignal,
): Promise<WitnessReply> {
  let status: number
  let body: string
  try {
    const response = await fetch(`${witness.url.replace(/\/+$/, '')}/add-checkpoint`, {
      method: 'POST',
      body: formatAddCheckpoint(request),
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(stop ? [stop] : [])]),
    })
    status = response.status
    body = await readBounded(response)
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) }
  }
  if (status === 200) return readCosignature(witness, request.checkpoint, body)
  if (status === 409) {
    const size = parseTlogSize(body)
    return size.ok ? { kind: 'size', size: size.value } : { kind: 'failed', reason: size.error.message }
  }
  const said = `${status} ${body.slice(0, 200).trim()}`
  return status === 422 ? { kind: 'fork', reason: said } : { kind: 'failed', reason: said }
}

function readCosignature({ name, key }: Witness, checkpoint: string, body: string): WitnessReply {
  const lines = parseCosignatures(body)
  if (!lines.ok) return { kind: 'failed', reason: lines.error.message }
  const note = parseNote(checkpoint)
  if (!note.ok) return { kind: 'failed', reason: note.error.message }
  for (const line of lines.value) {
    const verified = verifyNote({ text: note.value.text, signatures: [line] }, [key], nodeCrypto)
    if (verified.ok && verified.value.length === 1) return { kind: 'cosigned', line }
  }
  return { kind: 'failed', reason: `no line of the answer is a cosignature by ${name}'s key` }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (!response.body) return ''
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The plain reason: `fetch failed` says nothing, its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
