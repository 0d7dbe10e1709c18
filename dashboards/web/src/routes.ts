/** Views by the first part of the path; '' is what runs now, `i` one instrument: other programs link to these. */
export const views = ['i', 'fleet', 'reconciliation', 'assessment', 'quality', 'setup', 'welcome'] as const
export type View = (typeof views)[number]

/** Address of an instrument's view; ids may hold odd characters. */
export function instrumentAddress(key: string): string {
  const slash = key.indexOf('/')
  return `/i/${encodeURIComponent(key.slice(0, slash))}/${encodeURIComponent(key.slice(slash + 1))}`
}
