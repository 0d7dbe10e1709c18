import { accept, type Decoded, refuse } from '@hours/protocol'
import type { SensingCode } from './reading.ts'

const maxBytes = 65_535
const utf8 = new TextDecoder('utf-8', { fatal: true })

export type JsonObject = Readonly<Record<string, unknown>>
type Result<T> = Decoded<T, SensingCode>

/** The payload as text, at most 64 KiB of valid UTF-8. */
export function readText(payload: Uint8Array): Result<string> {
  if (payload.length > maxBytes)
    return refuse('oversize', `payload of ${payload.length} bytes; at most ${maxBytes} are read`)
  try {
    return accept(utf8.decode(payload))
  } catch {
    return refuse('not_utf8', 'payload is not valid UTF-8; is another program publishing on this topic?')
  }
}

/** The payload as a JSON object. */
export function readObject(payload: Uint8Array): Result<JsonObject> {
  const text = readText(payload)
  if (!text.ok) return text
  let value: unknown
  try {
    value = JSON.parse(text.value)
  } catch (cause) {
    return refuse('not_json', `payload is not JSON: ${cause instanceof Error ? cause.message : 'unreadable'}`)
  }
  const object = asObject(value)
  return object ? accept(object) : refuse('bad_field', `payload: ${shown(value)}: must be a JSON object`)
}

export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

/** The own property `key`; nothing inherited, so that `__proto__` in a payload is only a name. */
export const own = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined

/**
 * A finite number times `scale`, rounded to an integer. Absent and null give undefined (the device did not measure);
 * anything else that is no number is refused: text is not guessed at.
 */
export function scaled(value: unknown, scale: number, field: string): Result<number | undefined> {
  if (value === undefined || value === null) return accept(undefined)
  if (typeof value !== 'number' || !Number.isFinite(value))
    return refuse('bad_field', `${field}: ${shown(value)}: must be a number`)
  const result = Math.round(value * scale)
  if (!Number.isSafeInteger(result)) return refuse('bad_field', `${field}: ${value}: too large to be real`)
  // -0 would be a second zero on the wire.
  return accept(result === 0 ? 0 : result)
}

/** What a meter says that could not read its chip, as one value or as one phase, in mW (wire.md, section 5). */
const noReadingMw = -1_000

/** Power in mW; the -1 W of a meter that could not read is refused, wherever it stands. */
export function measuredPower(mw: number, field: string): Result<number> {
  return mw === noReadingMw ? refuse('no_reading', `${field}: -1: the meter says "no reading"`) : accept(mw)
}

/** A power in W as mW; absent and null give undefined, -1 is refused as `no_reading`. */
export function powerOf(watts: unknown, field: string): Result<number | undefined> {
  const mw = scaled(watts, 1_000, field)
  return mw.ok && mw.value !== undefined ? measuredPower(mw.value, field) : mw
}

/** A power in W as a plain-number payload. */
export function plainPower(text: string, field: string): Result<number> {
  const mw = plainNumber(text, 1_000, field)
  return mw.ok ? measuredPower(mw.value, field) : mw
}

/** A plain-number payload such as `5.56`. */
export function plainNumber(text: string, scale: number, field: string): Result<number> {
  if (!/^\s*[-+]?\d{1,15}(\.\d{1,15})?\s*$/.test(text))
    return refuse('bad_field', `${field}: "${text.slice(0, 40)}": must be a plain number`)
  const result = scaled(Number(text), scale, field)
  if (!result.ok) return result
  return accept(result.value ?? 0)
}

export function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : (JSON.stringify(value) as string | undefined)
  return (text ?? typeof value).slice(0, 60)
}

/** Without keys whose value is undefined: "not applicable" is an absent key (records.md, section 1). */
export function present<T extends object>(object: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
