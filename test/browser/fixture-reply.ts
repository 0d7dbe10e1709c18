/** An answer of the fixture server. */
export interface Reply {
  readonly status: number
  readonly body: unknown
}

export const missing: Reply = { status: 404, body: { type: 'about:blank', title: 'not found', status: 404 } }

/** `2026`, `2026-11`, `2026-11-01..2026-11-24`; Shanghai has no clock change to mind. */
export function windowOf(period: string): [number, number] {
  const start = (date: string) => Date.parse(`${date}T00:00:00+08:00`)
  const [a = '', b] = period.split('..')
  if (b !== undefined) return [start(a), start(b)]
  if (/^\d{4}$/.test(a)) return [start(`${a}-01-01`), start(`${Number(a) + 1}-01-01`)]
  const [year = 0, month = 1] = a.split('-').map(Number)
  const next = month === 12 ? `${year + 1}-01` : `${year}-${String(month + 1).padStart(2, '0')}`
  return [start(`${a}-01`), start(`${next}-01`)]
}
