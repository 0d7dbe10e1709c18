import { accept, type Decoded, refuse } from '@hours/protocol'
import { createLocalClock } from './local-time.ts'

/** Reads one time column. `after` is the row before (Unix ms): in the hour that clocks repeat, the first place after it. */
export type TimeReader = (text: string, after: number) => Decoded<number, 'bad_time' | 'local_time_gap'>

const iso =
  /^(?<yyyy>\d{4})[-/](?<MM>\d{1,2})[-/](?<dd>\d{1,2})(?:[T ]+(?<HH>\d{1,2}):(?<mm>\d{2})(?::(?<ss>\d{2})(?:[.,](?<S>\d{1,9}))?)?)? ?(?<XXX>Z|[+-]\d{2}:?\d{2})?$/

const tokens: readonly (readonly [token: string, name: string, pattern: string])[] = [
  ['yyyy', 'yyyy', '\\d{4}'],
  ['yy', 'yy', '\\d{2}'],
  ['MM', 'MM', '\\d{1,2}'],
  ['M', 'MM', '\\d{1,2}'],
  ['dd', 'dd', '\\d{1,2}'],
  ['d', 'dd', '\\d{1,2}'],
  ['HH', 'HH', '\\d{1,2}'],
  ['H', 'HH', '\\d{1,2}'],
  ['hh', 'HH', '\\d{1,2}'],
  ['h', 'HH', '\\d{1,2}'],
  ['mm', 'mm', '\\d{2}'],
  ['ss', 'ss', '\\d{2}'],
  ['SSS', 'S', '\\d{1,9}'],
  ['XXX', 'XXX', '(?:Z|[+-]\\d{2}:?\\d{2})'],
  ['a', 'a', '[AaPp][Mm]'],
]

const strftime: Readonly<Record<string, string>> = {
  '%Y': 'yyyy',
  '%y': 'yy',
  '%m': 'MM',
  '%d': 'dd',
  '%H': 'HH',
  '%I': 'hh',
  '%M': 'mm',
  '%S': 'ss',
  '%f': 'SSS',
  '%z': 'XXX',
  '%p': 'a',
}

/** `YYYY-DD`, strftime and a month written `mm` beside the day come to the one spelling used here. */
function usual(format: string): string {
  const plain = format.replace(/%[A-Za-z]/g, (token) => strftime[token] ?? token)
  const spelt = plain.replace(/Y/g, 'y').replace(/D/g, 'd')
  return spelt.includes('M') ? spelt : spelt.replace(/(d\W)mm/, '$1MM').replace(/mm(\Wd)/, 'MM$1')
}

/** The pattern as a regular expression; undefined where it has no year, month and day. */
function compile(format: string): RegExp | undefined {
  const text = usual(format)
  const seen = new Set<string>()
  let source = ''
  for (let i = 0; i < text.length; ) {
    const token = tokens.find(([spelling]) => text.startsWith(spelling, i))
    if (token && !seen.has(token[1])) {
      seen.add(token[1])
      source += `(?<${token[1]}>${token[2]})`
      i += token[0].length
    } else {
      source += (text[i] ?? '').replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
      i += 1
    }
  }
  const dated = (seen.has('yyyy') || seen.has('yy')) && seen.has('MM') && seen.has('dd')
  return dated ? new RegExp(`^${source}$`) : undefined
}

const bad = (text: string) => refuse('bad_time', `time "${text.slice(0, 40)}" is not in the expected format`)

function epochReader(unit: number): TimeReader {
  return (text) => {
    const value = /^\d{1,20}(\.\d{1,9})?$/.test(text) ? Math.round(Number(text) * unit) : Number.NaN
    return Number.isSafeInteger(value) ? accept(value) : bad(text)
  }
}

function patternReader(pattern: RegExp, zone: string): TimeReader {
  const local = createLocalClock(zone)
  const utc = createLocalClock('UTC')
  return (text, after) => {
    const groups = pattern.exec(text)?.groups
    if (!groups) return bad(text)
    const offset = groups['XXX']
    const places = (offset === undefined ? local : utc).place(fieldsOf(groups))
    if (!places) return bad(text)
    const place = places.find((one) => one > after) ?? places.at(-1)
    if (place === undefined) return refuse('local_time_gap', `time "${text}": ${zone} skips it`)
    return accept(offset === undefined ? place : (places[0] ?? place) - offsetMs(offset))
  }
}

function fieldsOf(g: Readonly<Record<string, string | undefined>>) {
  const hour = Number(g['HH'] ?? 0)
  const half = g['a']?.toLowerCase()
  return {
    year: g['yyyy'] === undefined ? 2_000 + Number(g['yy']) : Number(g['yyyy']),
    month: Number(g['MM']),
    day: Number(g['dd']),
    hour: half === undefined ? hour : (hour % 12) + (half === 'pm' ? 12 : 0),
    minute: Number(g['mm'] ?? 0),
    second: Number(g['ss'] ?? 0),
    ms: Number((g['S'] ?? '').padEnd(3, '0').slice(0, 3)),
  }
}

function offsetMs(text: string): number {
  if (text === 'Z') return 0
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2))
  return (text.startsWith('-') ? -minutes : minutes) * 60_000
}

/**
 * A reader for a named format: `iso`, `epoch-s`, `epoch-ms`, or a pattern of yyyy MM dd HH mm ss SSS XXX a (strftime
 * spelling too). Undefined where the format has no date in it.
 */
export function timeReader(format: string, zone: string): TimeReader | undefined {
  switch (format.toLowerCase()) {
    case 'iso':
      return patternReader(iso, zone)
    case 'epoch':
    case 'epoch-s':
    case 's':
      return epochReader(1_000)
    case 'epoch-ms':
    case 'ms':
      return epochReader(1)
    case 'epoch-us':
      return epochReader(0.001)
    case 'epoch-ns':
      return epochReader(0.000_001)
  }
  const pattern = compile(format)
  return pattern && patternReader(pattern, zone)
}

/** The format that the first times of a recording are in; undefined where none fits most of them. */
export function detectTimeFormat(times: readonly string[]): string | undefined {
  const most = (test: RegExp) => times.filter((text) => test.test(text)).length * 2 > times.length
  if (most(/^\d{18,20}$/)) return 'epoch-ns'
  if (most(/^\d{15,17}(\.\d+)?$/)) return 'epoch-us'
  if (most(/^\d{12,14}(\.\d+)?$/)) return 'epoch-ms'
  if (most(/^\d{9,11}(\.\d+)?$/)) return 'epoch-s'
  if (most(iso)) return 'iso'
  const slashed =
    /^(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})([ T]+)\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?$/
  const first = times.map((text) => slashed.exec(text)).filter((match) => match !== null)
  const one = first[0]
  if (first.length * 2 <= times.length || !one) return undefined
  const monthFirst = isMonthFirst(first, one.at(-1) !== undefined)
  const [, , separator = '/', , year = '', gap = ' ', seconds, fraction, half] = one
  const date = (monthFirst ? ['MM', 'dd'] : ['dd', 'MM']).join(separator) + separator
  const time = `HH:mm${seconds ? ':ss' : ''}${fraction ? `${fraction.charAt(0)}SSS` : ''}`
  return `${date}${year.length === 4 ? 'yyyy' : 'yy'}${gap}${time}${half ? `${half.startsWith(' ') ? ' ' : ''}a` : ''}`
}

/**
 * A number over 12 can only be a day, and so can the one that alone goes up from row to row. Where neither tells, a clock of
 * twelve hours says where it was written.
 */
function isMonthFirst(dates: readonly RegExpExecArray[], twelveHours: boolean): boolean {
  const [first, second] = [1, 3].map((place) => new Set(dates.map((match) => Number(match[place]))))
  const over = (numbers: ReadonlySet<number> = new Set()) => [...numbers].some((number) => number > 12)
  if (over(first) || over(second)) return over(second)
  if (first?.size !== second?.size && Math.min(first?.size ?? 0, second?.size ?? 0) === 1)
    return (second?.size ?? 0) > 1
  return twelveHours
}
