import type { z } from 'zod'

/** What every decoder returns: the value, or why there is none. Decoders never throw (house.md, section 4). */
export type Decoded<T, Code extends string = DecodeCode> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: DecodeError<Code> }

/** Why a text from outside could not be read; `code` is for machines, `message` names field, value and fix. */
export interface DecodeError<Code extends string = DecodeCode> {
  readonly code: Code
  readonly message: string
}

export type DecodeCode = 'not_json' | 'not_utf8' | 'oversize' | 'unknown_version' | 'bad_field' | 'bad_topic'

export const accept = <T>(value: T): Decoded<T, never> => ({ ok: true, value })

export const refuse = <Code extends string>(code: Code, message: string): Decoded<never, Code> => ({
  ok: false,
  error: { code, message },
})

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads `bytes` as UTF-8 JSON of `schema`; unknown fields are dropped, an unknown `v` is refused by name. */
export function decodeJson<S extends z.ZodType>(
  schema: S,
  bytes: Uint8Array,
  maxBytes = 65_535,
): Decoded<z.infer<S>> {
  if (bytes.length > maxBytes)
    return refuse('oversize', `${bytes.length} bytes; at most ${maxBytes} are accepted`)
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return refuse('not_utf8', 'the bytes are not valid UTF-8')
  }
  return decodeJsonText(schema, text)
}

/** As `decodeJson`, for text that is already decoded. */
export function decodeJsonText<S extends z.ZodType>(schema: S, text: string): Decoded<z.infer<S>> {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    return refuse('not_json', `not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  return checkSchema(schema, data)
}

/** Holds already parsed `data` against `schema` and names every fault with its path. */
export function checkSchema<S extends z.ZodType>(schema: S, data: unknown): Decoded<z.infer<S>> {
  if (typeof data === 'object' && data !== null && 'v' in data && data.v !== 1)
    return refuse('unknown_version', `v: ${shown(data.v)}; this software reads version 1`)
  const parsed = schema.safeParse(data)
  if (parsed.success) return accept(parsed.data)
  return refuse('bad_field', faults(parsed.error, data).join('; '))
}

/** One line a fault: path, value as sent, what is wanted. */
export function faults(error: z.ZodError, data: unknown): string[] {
  return error.issues.map((issue) => {
    const path = issue.path.map(String)
    return `${path.join('.') || '(whole)'}: ${shown(valueAt(data, path))}: ${issue.message}`
  })
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  let at: unknown = data
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return at
}

function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : (JSON.stringify(value) as string | undefined)
  return (text ?? typeof value).slice(0, 80)
}
