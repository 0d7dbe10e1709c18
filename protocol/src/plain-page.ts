import { idPattern } from './ids.ts'
import type { Page } from './page.ts'
import { KnownState } from './state.ts'

/**
 * Whether `data` is a page by every rule of the schema `Page` and has no field besides. The schema decides what a page
 * is and says what is wrong with one; this says yes ten times as fast where nothing is, which is nearly always, and a
 * property holds the two equal. Whoever checks a year of pages or takes in a region's cannot wait for the schema.
 */
export function isPlainPage(data: unknown): data is Page {
  if (!hasFields(data, 16)) return false
  const { v, site, gateway, epoch, seq, prev, from, to, boot } = data
  return (
    v === 1 &&
    isId(site) &&
    isId(gateway) &&
    isCount(epoch) &&
    isCount(seq) &&
    (prev === null || (typeof prev === 'string' && digestForm.test(prev))) &&
    isInstant(from) &&
    isInstant(to) &&
    from < to &&
    isCount(boot) &&
    isRising(data['mono']) &&
    isClock(data['clock']) &&
    isSeen(data['seen']) &&
    isSpool(data['spool']) &&
    isText(data['software'], 40) &&
    isConfig(data['config']) &&
    areInstruments(data['instruments'], to - from)
  )
}

type Fields = Record<string, unknown>

const digestForm = /^[A-Za-z0-9_-]{43}$/
const clockSources: ReadonlySet<unknown> = new Set(['ntp', 'chrony', 'timedatectl', 'sntp', 'sim', 'none'])
const knownStates: ReadonlySet<unknown> = new Set(KnownState.options)

/** An object with so many own fields; each of `optional` may be there besides. */
function hasFields(data: unknown, count: number, ...optional: string[]): data is Fields {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false
  const more = optional.filter((key) => Object.hasOwn(data, key)).length
  return Object.keys(data).length === count + more
}
const isIn = (n: unknown, least: number, most: number): n is number =>
  Number.isSafeInteger(n) && (n as number) >= least && (n as number) <= most
const isCount = (n: unknown): n is number => isIn(n, 0, Number.MAX_SAFE_INTEGER)
const isInstant = (n: unknown): n is number => isIn(n, 946_684_800_000, 7_258_118_400_000)
const isPower = (n: unknown) => isIn(n, -1_000_000_000_000, 1_000_000_000_000)
const isText = (text: unknown, most: number) => typeof text === 'string' && text.length <= most
const isId = (text: unknown): text is string => typeof text === 'string' && idPattern.test(text)

const isRising = (mono: unknown): boolean =>
  Array.isArray(mono) && mono.length === 2 && isCount(mono[0]) && isCount(mono[1]) && mono[0] <= mono[1]

const isClock = (clock: unknown): boolean =>
  hasFields(clock, 4, 'unsyncedMs') &&
  clockSources.has(clock['source']) &&
  Number.isSafeInteger(clock['offsetMs']) &&
  isCount(clock['errorMs']) &&
  Number.isSafeInteger(clock['steppedMs']) &&
  (!Object.hasOwn(clock, 'unsyncedMs') || isCount(clock['unsyncedMs']))

const isSeen = (seen: unknown): boolean =>
  seen === null ||
  (hasFields(seen, 3) && isText(seen['origin'], 200) && isCount(seen['size']) && isText(seen['root'], 64))

const isSpool = (spool: unknown): boolean =>
  hasFields(spool, 3) &&
  isCount(spool['pages']) &&
  isCount(spool['dropped']) &&
  (spool['oldest'] === null || isInstant(spool['oldest']))

const isConfig = (config: unknown): boolean =>
  hasFields(config, 2) && isCount(config['revision']) && isText(config['sha256'], 64)

function areInstruments(list: unknown, length: number): boolean {
  if (!Array.isArray(list) || list.length > 256) return false
  const ids = new Set<unknown>()
  for (const instrument of list as unknown[]) {
    if (!isInstrument(instrument, length) || ids.has(instrument['id'])) return false
    ids.add(instrument['id'])
  }
  return true
}

function isInstrument(data: unknown, length: number): data is Fields {
  if (!hasFields(data, 7, 'mw', 'evidence')) return false
  const { id, spans, onMs, runMs, mwh, mw } = data
  return (
    isId(id) &&
    areSpans(spans, length) &&
    isCount(onMs) &&
    isCount(runMs) &&
    runMs <= onMs &&
    isIn(mwh, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) &&
    isCount(data['samples']) &&
    isCount(data['rejected']) &&
    (!Object.hasOwn(data, 'evidence') || isText(data['evidence'], 20)) &&
    (!Object.hasOwn(data, 'mw') || (Array.isArray(mw) && mw.length === 3 && mw.every(isPower)))
  )
}

function areSpans(spans: unknown, length: number): boolean {
  if (!Array.isArray(spans) || spans.length > 2_000) return false
  let end = 0
  for (const span of spans as unknown[]) {
    if (!Array.isArray(span) || span.length !== 3 || !knownStates.has(span[0])) return false
    const [, from, to] = span as unknown[]
    if (!isCount(from) || !isCount(to) || from < end || to <= from || to > length) return false
    end = to
  }
  return true
}
