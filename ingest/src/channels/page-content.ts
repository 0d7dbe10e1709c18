import ICAL from 'ical.js'
import type { PageSettings } from './channel-settings.ts'
import type { ProbeFault } from './probe-result.ts'

/** What the text of a page says about it. */
export interface PageContent {
  readonly faults: readonly ProbeFault[]
  readonly fields: { readonly filled: number; readonly required: number } | null
}

const wrong = (detail: string): PageContent => ({
  faults: [{ reason: 'wrong_content', detail }],
  fields: null,
})

/** Whether a page is what it is listed as: not empty, of its kind, with its text, and its listings filled in. */
export function pageContent(body: Uint8Array, contentType: string, page: PageSettings): PageContent {
  const text = textOf(body, contentType)
  const visible = page.kind === 'html' ? text.replace(/<(script|style)\b[\s\S]*?<\/\1>|<[^>]*>/gi, '') : text
  if (visible.trim() === '')
    return { faults: [{ reason: 'no_content', detail: `${body.length} bytes, no text` }], fields: null }
  if (page.contains !== undefined && !text.includes(page.contains))
    return wrong(`"${page.contains.slice(0, 80)}" is not on it`)
  if (page.kind === 'ical' && !isCalendar(text)) return wrong('no iCalendar')
  if (page.kind !== 'json') return { faults: [], fields: null }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return wrong('no JSON')
  }
  if (!page.listing) return { faults: [], fields: null }
  const items = page.listing.items === '' ? json : at(json, page.listing.items)
  if (!Array.isArray(items)) return wrong(`no list at "${page.listing.items}"`)
  if (items.length === 0)
    return { faults: [{ reason: 'no_content', detail: 'a list of nothing' }], fields: null }
  return { faults: [], fields: filledFields(items, page.listing.required) }
}

/** Filled and required fields over all listings (`info_complete`, domain.md, section 4.6). */
export function filledFields(
  listings: readonly unknown[],
  required: readonly string[],
): { filled: number; required: number } {
  let filled = 0
  for (const one of listings) for (const field of required) if (isFilled(at(one, field))) filled += 1
  return { filled, required: listings.length * required.length }
}

const isFilled = (value: unknown): boolean => {
  if (value === undefined || value === null) return false
  if (typeof value === 'string') return !/^\s*(-|—|n\/a|null|暂无|无)?\s*$/i.test(value)
  return !(Array.isArray(value) && value.length === 0)
}

/** `a.b` of `{a: {b: 1}}`, own properties only. */
function at(value: unknown, path: string): unknown {
  let found: unknown = value
  for (const part of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined
    found = (found as Record<string, unknown>)[part]
  }
  return found
}

function isCalendar(text: string): boolean {
  try {
    const [first] = ICAL.parse(text) as unknown[]
    return first === 'vcalendar' || (Array.isArray(first) && first[0] === 'vcalendar')
  } catch {
    return false
  }
}

/** Older booking pages are GBK, and say so in a header or in their first kilobyte. */
function textOf(body: Uint8Array, contentType: string): string {
  const head = new TextDecoder('latin1').decode(body.subarray(0, 1_024))
  const named =
    /charset=["']?([\w-]{1,20})/i.exec(contentType)?.[1] ?? /charset=["']?([\w-]{1,20})/i.exec(head)?.[1]
  try {
    return new TextDecoder(named ?? 'utf-8').decode(body)
  } catch {
    return new TextDecoder().decode(body)
  }
}
