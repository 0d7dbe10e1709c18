/** A deep copy of plain data (objects, arrays, values), as checkpoints are: many times as quick as `structuredClone`. */
export function plainCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plainCopy) as T
  const copy: Record<string, unknown> = {}
  for (const [key, part] of Object.entries(value)) copy[key] = plainCopy(part)
  return copy as T
}
