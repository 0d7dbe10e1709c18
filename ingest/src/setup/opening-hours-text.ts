type Hours = [string, string][]

/** `08:00-12:00 14:00-20:00`, or `closed`, as opening hours of a day; undefined = it is none. */
export function hoursOf(text: string): Hours | undefined {
  const plain = text.normalize('NFKC').trim()
  if (/^(closed|none|-|休|休息|不开放|关闭)$/i.test(plain)) return []
  const parts = plain.split(/[\s,;、]+/)
  const hours = parts.map((part) => /^(\d{1,2}):(\d{2})\s*[-–~至]\s*(\d{1,2}):(\d{2})$/.exec(part))
  if (hours.length === 0 || hours.includes(null)) return undefined
  return hours.map((found) => {
    const [, h1 = '', m1 = '', h2 = '', m2 = ''] = found ?? []
    return [`${h1.padStart(2, '0')}:${m1}`, `${h2.padStart(2, '0')}:${m2}`]
  })
}

/** `2026-10-01 closed; 2026-10-10 09:00-17:00` as dates with their hours; undefined = it is none. */
export function datesOf(text: string): Record<string, Hours> | undefined {
  const found: Record<string, Hours> = {}
  for (const part of text.normalize('NFKC').split(/[;；\n]+/)) {
    const [, date, rest] = /^\s*(\d{4}-\d{2}-\d{2})\s*(.*)$/.exec(part) ?? []
    if (date === undefined && part.trim() === '') continue
    const hours = hoursOf(rest?.trim() === '' ? 'closed' : (rest ?? ''))
    if (date === undefined || !hours) return undefined
    found[date] = hours
  }
  return found
}
