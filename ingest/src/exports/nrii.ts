import { printed, type RecordOf } from '@hours/protocol'
import { isIn, isWorkOrder, type UseRow } from '@hours/usage'
import type { FigureSheet, SheetInstrument } from './figure-sheet.ts'

/**
 * Records of the national network platform (NRII) as public clients of 2016-2019 send them, `instruInfo(insCode,
 * instruType, JSON)`: type 4 instruments, type 6 service records (domain.md, section 1.4). An adapter, not our model:
 * its field names have not been checked against the interface of today.
 */
export interface NriiExport {
  readonly insCode: string
  readonly instruments: readonly NriiInstrument[]
  readonly services: readonly NriiService[]
}

export interface NriiInstrument {
  readonly innerId: string
  readonly insCode: string
  readonly cname: string
  readonly ename: string
  /** 10,000 yuan; null = not told. */
  readonly worth: number | null
  readonly type: '专用' | '通用'
  readonly insideDepart: string
  /** 启用日期; null = not told. */
  readonly beginDate: string | null
  readonly instrCategory: string | null
  /** Model. */
  readonly instrVersion: string | null
  readonly manufacturer: string | null
  /** Hours in the period, 1 decimal: start-up, and for other legal entities. */
  readonly runMachine: number
  readonly serviceMachine: number
  /** Fields of the interface that this system does not know. */
  readonly missing: readonly string[]
}

export interface NriiService {
  readonly innerId: string
  readonly recordInnerId: string
  /**
   * Local time; whether their `serviceTime` is this or an amount is not told, so the amount stands apart. Empty for a work
   * order without clock times.
   */
  readonly serviceTime: string
  readonly endTime: string
  /** Effective hours of the session that sensors bear out, 1 decimal; of sample work without any: its samples. */
  readonly serviceAmount: number
  /** Not a field of theirs, which has both in one column and does not say which: a reader that knows it need not guess. */
  readonly amountUnit: 'hours' | 'samples'
  /** Yuan. */
  readonly amounts: number
  readonly serviceWay: '占用' | '技术' | '委托' | '远程' | '其他'
  /** 120 internal, 130 external. */
  readonly serviceType: '120' | '130'
  /** 135 research, 137 teaching, 138 other. */
  readonly serviceDirection: '135' | '137' | '138'
  /** A pseudonym. */
  readonly applicant: string
  readonly applicantUnit: string
  readonly subjectName: string
}

const ways = {
  self: '占用',
  operated: '技术',
  entrusted: '委托',
  remote: '远程',
  compute: '其他',
} as const
const directions = { research: '135', teaching: '137', service: '138' } as const

/**
 * Instruments and service records of a sheet: sessions with verified hours in the period, and work orders and other sample
 * work that began in it. A session with neither is not sent: nothing bears it out.
 */
export function nriiExport(sheet: FigureSheet, insCode: string): NriiExport {
  return {
    insCode,
    instruments: sheet.instruments.map((one) => instrumentOf(one, insCode)),
    services: sheet.instruments.flatMap(servicesOf),
  }
}

function instrumentOf(
  { key, names, enrolment, unitNames, figures }: SheetInstrument,
  insCode: string,
): NriiInstrument {
  const { on, external } = figures
  const told = {
    beginDate: enrolment.inService ?? null,
    instrCategory: enrolment.category ?? null,
    instrVersion: enrolment.model ?? null,
    manufacturer: enrolment.manufacturer ?? null,
  }
  return {
    ...{ innerId: key, insCode, cname: names.zh ?? '', ename: names.en ?? '' },
    worth: enrolment.valueFen === undefined ? null : Math.round(enrolment.valueFen / 10_000) / 100,
    type: enrolment.class === 'special' ? ('专用' as const) : ('通用' as const),
    insideDepart: unitNames.zh ?? unitNames.en ?? enrolment.unit,
    ...told,
    runMachine: printed(on, 'ms'),
    serviceMachine: printed(external, 'ms'),
    missing: [
      ...Object.entries(told).flatMap(([field, value]) => (value === null ? [field] : [])),
      ...['instrBelongsType', 'nation', 'contact'],
    ],
  }
}

function servicesOf(one: SheetInstrument): NriiService[] {
  const uses = Map.groupBy(one.uses(), ({ session }) => session)
  const yuan = yuanBySession(one)
  return one.records.sessions
    .toSorted((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1))
    .flatMap((session) => {
      const used = uses.get(session.id)
      const amounts = yuan(session.id)
      if (used) return [serviceOf(one, session, { ...hoursOf(used), amounts })]
      const work = sampleWorkOf(one, session, amounts)
      return work ? [serviceOf(one, session, { ...work, amounts })] : []
    })
}

/** What users paid in the period, yuan; money belongs to the period in which it was booked. */
function yuanBySession({ records, during }: SheetInstrument): (session: string) => number {
  const fen = new Map<string, number>()
  for (const { session, at, fen: own } of records.charges)
    if (session !== undefined && isIn(during, at)) fen.set(session, (fen.get(session) ?? 0) + own)
  return (session) => printed(fen.get(session) ?? 0, 'fen')
}

interface Work extends Pick<NriiService, 'serviceAmount' | 'amountUnit'> {
  readonly isExternal: boolean
}

/** A session over a change of the tree may be inside and outside; the larger part decides, as the form has one field. */
function hoursOf(used: readonly UseRow[]): Work {
  const ms = used.reduce((sum, use) => sum + use.ms, 0)
  const outside = used.reduce((sum, use) => sum + (use.relation === 'external' ? use.ms : 0), 0)
  return { serviceAmount: printed(ms, 'ms'), amountUnit: 'hours', isExternal: outside * 2 > ms }
}

/** Work for others that is counted in samples: no hours of it are verified, and none are told. */
function sampleWorkOf(
  { during, relationOf }: SheetInstrument,
  session: RecordOf<'session'>,
  amounts: number,
): Work | undefined {
  const { way, from, samples = 0 } = session
  const isWork = (way === 'entrusted' || way === 'operated') && (samples > 0 || amounts > 0)
  const relation = isWork && isIn(during, from) ? relationOf(session) : undefined
  return relation && { serviceAmount: samples, amountUnit: 'samples', isExternal: relation === 'external' }
}

function serviceOf(
  { key, zone }: SheetInstrument,
  session: RecordOf<'session'>,
  { isExternal, ...work }: Work & Pick<NriiService, 'amounts'>,
): NriiService {
  return {
    innerId: key,
    recordInnerId: session.id,
    // An order without clock times began at no time of day: its day is the one of its end.
    serviceTime: isWorkOrder(session) ? '' : localTime(session.from, zone),
    endTime: localTime(session.to, zone),
    ...work,
    serviceWay: ways[session.way],
    serviceType: isExternal ? '130' : '120',
    serviceDirection: directions[session.purpose],
    applicant: session.user,
    applicantUnit: session.beneficiary,
    subjectName: session.project ?? '',
  }
}

/** `2026-03-01 08:00` in the site's zone. */
const localTime = (at: number, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' })
    .replace('T', ' ')
