/** JSON in the log nests at most this deep. */
const maxDepth = 32

/** Longer texts are statements of a region: writing them again would take their memory twice. */
const maxShort = 65_535

const quote = 0x22
const comma = 0x2c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

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
  let level: Level | undefined
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = endOfString(text, at)
        if (level?.keys && level.expectsKey) {
          const key = keyText(text.slice(at, end))
          if (level.keys.has(key)) return `the key "${key.slice(0, 60)}" stands twice in one object`
          level.keys.add(key)
          level.expectsKey = false
        }
        at = end - 1
        break
      }
      case comma:
        if (level) level.expectsKey = level.keys !== undefined
        break
      case openBrace:
      case openBracket: {
        const isObject = text.charCodeAt(at) === openBrace
        level = { keys: isObject ? new Set() : undefined, expectsKey: isObject }
        if (levels.push(level) > maxDepth) return `nested more than ${maxDepth} deep`
        break
      }
      case closeBrace:
      case closeBracket:
        levels.pop()
        level = levels.at(-1)
        break
    }
  }
  return undefined
}

/** What a signed text says, or why it must not be read; `data` undefined = it is no JSON at all. */
export type StrictJson = { readonly fault: string } | { readonly fault?: undefined; readonly data: unknown }

/**
 * Reads JSON under the rules of `jsonFault`. Text that is just what JSON.stringify makes of its own value has no double
 * key, which shows twice as fast as looking at every key does; the log's own writers write no other.
 */
export function readJson(text: string): StrictJson {
  const data = parseJson(text)
  const isShort = text.length <= maxShort
  if (isShort && data !== undefined && isWithin(data, maxDepth) && JSON.stringify(data) === text)
    return { data }
  const fault = jsonFault(text)
  return fault === undefined ? { data } : { fault }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether objects and arrays nest at most `depth` deep. */
function isWithin(data: unknown, depth: number): boolean {
  if (typeof data !== 'object' || data === null) return true
  if (depth === 0) return false
  if (Array.isArray(data)) {
    for (const item of data as unknown[]) if (!isWithin(item, depth - 1)) return false
    return true
  }
  // What JSON.parse makes has own fields alone; listing their names would be a third of what reading a page allocates.
  for (const key in data) if (!isWithin((data as Record<string, unknown>)[key], depth - 1)) return false
  return true
}

/** Position after the closing quote of the string that begins at `from`. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1))
    if (!isEscaped(text, at)) return at + 1
  return text.length
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1
  while (text[before] === '\\') before -= 1
  return (at - before) % 2 === 0
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
