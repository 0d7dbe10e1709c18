import { accept, refuse } from '@hours/protocol'
import type { ImportRow } from './plan.ts'
import type { Read } from './read-file.ts'
import { fault } from './row-fault.ts'

/**
 * Service records (type 6) of the national network platform, as public clients of 2016-2019 send them (domain.md, 1.4):
 * a list of objects in JSON. `serviceTime` is the begin where it is a time; where it is not, a record in hours
 * (`serviceWay` 占用) ends at `endTime` and began `serviceAmount` hours before. Nothing is guessed of the others: 委托 and
 * 技术 without clock times are work orders with samples and income, and no hours; 远程 and 其他 without them are refused, and
 * so is a record that does not say in which way.
 */
export function readNrii(text: string): Read {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    return refuse('bad_format', `not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  return accept({ rows: servicesOf(data).map((one, i) => nriiRow(one, i + 1)), ignored: [] })
}

/** A list, one record, or a whole export of ours. */
function servicesOf(data: unknown): readonly unknown[] {
  if (Array.isArray(data)) return data as unknown[]
  const services = typeof data === 'object' && data !== null && 'services' in data ? data.services : undefined
  return Array.isArray(services) ? (services as unknown[]) : [data]
}

const ways = new Map([
  ['占用', 'self'],
  ['技术', 'operated'],
  ['委托', 'entrusted'],
  ['远程', 'remote'],
  // What is none of theirs, as our own export writes computing; it is nobody's use of the instrument by himself.
  ['其他', 'compute'],
])
const purposes = new Map([
  ['135', 'research'],
  // Development (136) is research here: the record knows three purposes (domain.md, 1.2).
  ['136', 'research'],
  ['137', 'teaching'],
  ['138', 'service'],
])
const stars = new Map([
  ['非常满意', 5],
  ['满意', 4],
  ['一般', 3],
  ['不满意', 2],
  ['非常不满意', 1],
])

function nriiRow(one: unknown, line: number): ImportRow {
  if (typeof one !== 'object' || one === null || Array.isArray(one))
    return { line, fault: fault('record', one, 'not a JSON object', 'send a list of service records') }
  const record = one as Record<string, unknown>
  const cell = (name: string) => {
    const value = record[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
  }
  const way = ways.get(cell('serviceWay'))
  if (way === undefined) return { line, fault: unknownWay(cell('serviceWay')) }
  const external = cell('serviceType') === '130'
  const purpose = purposes.get(cell('serviceDirection')) ?? (external ? 'service' : undefined)
  const amount = Number(cell('serviceAmount'))
  const times = timesOf(cell('serviceTime'), cell('endTime'), way, amount)
  if ('fault' in times) return { line, fault: times.fault }
  // Our own export says what it counts; of others, work without clock times is counted in samples.
  const isSamples = cell('amountUnit') === 'samples' || 'at' in times
  const comment = cell('comment')
  return {
    line,
    kind: 'session',
    input: {
      externalId: cell('recordInnerId'),
      channel: cell('channel') || 'nrii',
      instrument: cell('innerId'),
      user: cell('applicant'),
      beneficiary: cell('applicantUnit'),
      project: cell('subjectName').slice(0, 80),
      purpose,
      way,
      ...times,
      ...(isSamples && Number.isSafeInteger(amount) && amount > 0 ? { samples: amount } : {}),
      yuan: cell('amounts'),
      score: stars.get(comment) ?? (/^[1-5]$/.test(comment) ? Number(comment) : undefined),
    },
  }
}

const unknownWay = (given: string) =>
  fault(
    'serviceWay',
    given,
    'it is not told how the instrument was used',
    `write one of ${[...ways.keys()].join(', ')}`,
  )

type Times = { from: string; to: string } | { hours: number; to: string } | { at: string }

function timesOf(
  start: string,
  end: string,
  way: string,
  amount: number,
): Times | { fault: ReturnType<typeof fault> } {
  if (/^\d{4}\D/.test(start)) return { from: withHour(start), to: withHour(end) }
  if (way === 'entrusted' || way === 'operated') return { at: withHour(end) }
  const why = `serviceTime "${start}" is no time, and it is not told that serviceAmount ${amount} is in hours`
  if (!(way === 'self' && amount > 0 && amount <= 8_784))
    return { fault: fault('serviceTime', start, why, 'send the begin as 2026-03-01 08:00') }
  return { hours: amount, to: withHour(end) }
}

/** Their times go to the hour: `2026-03-01 08` is eight o'clock. */
const withHour = (text: string) => (/^\S+[ T]\d{1,2}$/.test(text) ? `${text}:00` : text)
