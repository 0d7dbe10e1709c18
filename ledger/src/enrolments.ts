import type { Page, RecordOf } from '@hours/protocol'

/** Which instrument belongs to which gateway when, out of `enrolment` records in log order. */
export interface Enrolments {
  /** `site` is the record's stream. */
  add(record: Pick<RecordOf<'enrolment'>, 'stream' | 'instrument' | 'gateway' | 'from' | 'to'>): void
  /** Whether the page's gateway has the instrument at some time of the page. */
  readonly isEnrolled: (page: Pick<Page, 'site' | 'gateway' | 'from' | 'to'>, instrument: string) => boolean
}

/** The newest record for an instrument and instant stands: a later one ends the earlier ones where it begins. */
export function createEnrolments(): Enrolments {
  const known = new Map<string, { readonly gateway: string; readonly from: number; to: number }[]>()
  return {
    add({ stream, instrument, gateway, from, to = Number.POSITIVE_INFINITY }) {
      const key = `${stream}/${instrument}`
      const list = known.get(key) ?? []
      for (const earlier of list) earlier.to = Math.min(earlier.to, from)
      known.set(key, [...list.filter((one) => one.to > one.from), { gateway, from, to }])
    },
    isEnrolled: (page, instrument) =>
      (known.get(`${page.site}/${instrument}`) ?? []).some(
        ({ gateway, from, to }) => gateway === page.gateway && from < page.to && to > page.from,
      ),
  }
}
