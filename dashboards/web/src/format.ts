import { halfUp } from '@hours/protocol'
import { language, localeOf } from './prefs.ts'
import { offsetAt } from './zone.ts'

const formats = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>()

function made<T extends Intl.DateTimeFormat | Intl.NumberFormat>(name: string, make: () => T): T {
  const known = formats.get(name)
  if (known) return known as T
  const format = make()
  formats.set(name, format)
  return format
}

const locale = () => localeOf(language.value)

function number(digits: number, value: number): string {
  const format = made(`n ${digits} ${language.value}`, () => {
    return new Intl.NumberFormat(locale(), {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      // No "-0.0": what is nothing has no sign.
      signDisplay: 'negative',
    })
  })
  // Half up as everywhere (domain.md, 4.6): Intl would round what binary fractions have made of the value.
  return format.format(halfUp(value, digits))
}

export const none = '–'

/** A user as people can tell them apart: pseudonyms are 45 characters long, and ten of them are enough. */
export const shortUser = (user: string): string => (user.length > 16 ? `${user.slice(0, 10)}…` : user)
export const count = (value: number): string => number(0, value)
export const decimal = (value: number, digits = 1): string => number(digits, value)

/** Hours with one decimal, without the unit. */
export const hours = (ms: number): string => number(1, ms / 3_600_000)

/** Percent with two decimals; what has no denominator is not 0 %. */
export const percent = (value: number | null | undefined, digits = 2): string =>
  value === null || value === undefined ? none : `${number(digits, value * 100)}\u00a0%`

/** Yuan of an amount in fen. */
export const money = (fen: number): string => `¥\u00a0${number(2, fen / 100)}`

/** W below a kilowatt, else kW. */
export function power(mw: number | null): string {
  if (mw === null) return none
  const watt = mw / 1_000
  if (watt === 0) return `0\u00a0W`
  if (Math.abs(watt) < 10) return `${number(1, watt)}\u00a0W`
  return Math.abs(watt) < 1_000 ? `${number(0, watt)}\u00a0W` : `${number(2, watt / 1_000)}\u00a0kW`
}

/** The two largest units that matter: 3 d 4 h, 2 h 05 min, 40 s. */
export function duration(ms: number): string {
  const zh = language.value === 'zh'
  const unit = (value: number, en: string, cn: string) => (zh ? `${value}\u00a0${cn}` : `${value}\u00a0${en}`)
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  const hour = Math.floor(minutes / 60)
  const days = Math.floor(hour / 24)
  if (days > 0) return `${unit(days, 'd', '天')} ${unit(hour % 24, 'h', '小时')}`
  if (hour > 0) return `${unit(hour, 'h', '小时')} ${unit(minutes % 60, 'min', '分')}`
  if (minutes > 0) return unit(minutes, 'min', '分')
  return unit(seconds, 's', '秒')
}

type Style =
  | 'time'
  | 'seconds'
  | 'day'
  | 'date'
  | 'dateTime'
  | 'month'
  | 'monthShort'
  | 'weekday'
  | 'year'
  | 'full'

const styles: Readonly<Record<Style, Intl.DateTimeFormatOptions>> = {
  time: { hour: '2-digit', minute: '2-digit' },
  seconds: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  day: { day: 'numeric', month: 'short' },
  date: { day: 'numeric', month: 'short', year: 'numeric' },
  dateTime: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  full: { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' },
  month: { month: 'long', year: 'numeric' },
  monthShort: { month: 'short' },
  weekday: { weekday: 'short', day: 'numeric' },
  year: { year: 'numeric' },
}

/** An instant as people at the site read it. */
export function when(style: Style, at: number, zone: string): string {
  const format = made(`d ${style} ${zone} ${language.value}`, () => {
    return new Intl.DateTimeFormat(locale(), { ...styles[style], timeZone: zone, hourCycle: 'h23' })
  })
  return format.format(at)
}

/** `UTC+8`, `UTC+5:30`. */
export function zoneOffset(zone: string, at: number): string {
  const minutes = Math.round(offsetAt(zone, at) / 60_000)
  const whole = Math.floor(Math.abs(minutes) / 60)
  const rest = Math.abs(minutes) % 60
  return `UTC${minutes < 0 ? '\u2212' : '+'}${whole}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`
}

/** Monday to Sunday, short. */
export function weekdays(): string[] {
  const format = made(
    `w ${language.value}`,
    () => new Intl.DateTimeFormat(locale(), { weekday: 'short', timeZone: 'UTC' }),
  )
  // 5 January 1970 was a Monday.
  return Array.from({ length: 7 }, (_, day) => format.format((4 + day) * 86_400_000))
}

/** The name in the reader's language, else the other one, else the id. */
export function nameOf(
  names: { en?: string | undefined; zh?: string | undefined } | undefined,
  id: string,
): string {
  const [first, second] = language.value === 'zh' ? [names?.zh, names?.en] : [names?.en, names?.zh]
  return (first?.trim() || second?.trim()) ?? id
}
