import type { Page, RecordOf } from '@hours/protocol'

/** Which instrument belongs to which gateway when, out of `enrolment` records in log order. */
export interface Enrolments {
  /** `site` is the record's stream. */
  add(record: Pick<RecordOf<'enrolment'>, 'stream' | 'instrument' | 'gateway' | 'from' | 'to'>): void
  /** Whether the page's gateway has the instrument at some time of the page. */
  readonly isEnrolled: (page: Where, instrument: string) => boolean
  /**
   * Whether a page may name the instrument: enrolled as above, or retired at this gateway and enrolled nowhere since. A
   * gateway that has not heard of it goes on naming it; that time is outside of every enrolment and counts for nothing,
   * but a refused page would take the hours of the gateway's other instruments with it.
   */
  readonly mayName: (page: Where, instrument: string) => boolean
}

interface Enrolled {
  readonly gateway: string
  readonly from: number
  to: number
}

type Where = Pick<Page, 'site' | 'gateway' | 'from' | 'to'>

/** The newest record for an instrument and instant stands: a later one ends the earlier ones where it begins. */
export function createEnrolments(): Enrolments {
  /** By site and instrument: asked for with each instrument of each page, where a name of both would be made for it. */
  const known = new Map<string, Map<string, readonly Enrolled[]>>()
  const of = ({ site }: Pick<Where, 'site'>, instrument: string): readonly Enrolled[] =>
    known.get(site)?.get(instrument) ?? []
  const isEnrolled = (page: Where, instrument: string) =>
    of(page, instrument).some(
      ({ gateway, from, to }) => gateway === page.gateway && from < page.to && to > page.from,
    )
  return {
    add({ stream, instrument, gateway, from, to = Number.POSITIVE_INFINITY }) {
      const list = of({ site: stream as Page['site'] }, instrument)
      for (const earlier of list) earlier.to = Math.min(earlier.to, from)
      const next = [...list.filter((one) => one.to > one.from), { gateway, from, to }]
      known.getOrInsertComputed(stream, () => new Map()).set(instrument, next)
    },
    isEnrolled,
    mayName(page, instrument) {
      const last = of(page, instrument).reduce<{ gateway: string; from: number } | undefined>(
        (newest, one) => (newest && newest.from > one.from ? newest : one),
        undefined,
      )
      return (last?.gateway === page.gateway && last.from < page.to) || isEnrolled(page, instrument)
    },
  }
}
