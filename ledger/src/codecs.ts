/**
 * base64, base64url (RFC 4648) and hex, in their one canonical spelling: right padding, no white space, no stray
 * bits at the end. Two spellings of the same bytes would be two records with one signature.
 */
export const formatBase64 = (bytes: Uint8Array): string => bytes.toBase64()

export const formatBase64url = (bytes: Uint8Array): string =>
  bytes.toBase64({ alphabet: 'base64url', omitPadding: true })

export const formatHex = (bytes: Uint8Array): string => bytes.toHex()

/** The bytes, or undefined when `text` is not canonical base64 with padding. */
export function parseBase64(text: string): Uint8Array | undefined {
  return strict(text, (t) => Uint8Array.fromBase64(t), formatBase64)
}

/** The bytes, or undefined when `text` is not canonical base64url without padding. */
export function parseBase64url(text: string): Uint8Array | undefined {
  return strict(text, (t) => Uint8Array.fromBase64(t, { alphabet: 'base64url' }), formatBase64url)
}

/** The bytes, or undefined when `text` is not lower-case hex. */
export function parseHex(text: string): Uint8Array | undefined {
  return strict(text, (t) => Uint8Array.fromHex(t), formatHex)
}

function strict(
  text: string,
  parse: (text: string) => Uint8Array,
  format: (bytes: Uint8Array) => string,
): Uint8Array | undefined {
  try {
    const bytes = parse(text)
    return format(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}
