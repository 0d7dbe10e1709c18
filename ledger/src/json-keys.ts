/** JSON in the log nests at most this deep. */
const maxDepth = 32

interface Level {
  /** Keys seen so far; undefined in an array. */
  readonly keys: Set<string> | undefined
  expectsKey: boolean
}

/**
 * Names a key that stands twice in one object, or too deep a nesting; undefined when there is neither. Two readers of
 * one signed text could take different values from a double key. Whether `text` is JSON at all is for JSON.parse.
 */
export function jsonFault(text: string): string | undefined {
  const levels: Level[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    const level = levels.at(-1)
    if (char === '{') levels.push({ keys: new Set(), expectsKey: true })
    else if (char === '[') levels.push({ keys: undefined, expectsKey: false })
    else if (char === '}' || char === ']') levels.pop()
    else if (char === ',' && level) level.expectsKey = level.keys !== undefined
    else if (char === '"') {
      const end = endOfString(text, at)
      if (level?.keys && level.expectsKey) {
        const key = keyText(text.slice(at, end))
        if (level.keys.has(key)) return `the key "${key.slice(0, 60)}" stands twice in one object`
        level.keys.add(key)
        level.expectsKey = false
      }
      at = end - 1
    }
    if (levels.length > maxDepth) return `nested more than ${maxDepth} deep`
  }
  return undefined
}

/** Position after the closing quote of the string that begins at `from`. */
function endOfString(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return Math.min(at + 1, text.length)
}

/** The key as JSON reads it: `"\\u0061"` is `"a"`. */
function keyText(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted
  }
}
