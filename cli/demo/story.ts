import { DAY, HOUR } from '@hours/protocol'

/** Where in the demo's history things go wrong, so that a short one has all of them too; instants in Unix ms. */
export interface Story {
  /** Between these the first longer run of a confocal is neither booked nor recorded. */
  readonly unbooked: { readonly from: number; readonly to: number }
  /** On these instruments somebody booked and stayed away, the first time it is possible from then on. */
  readonly noShows: readonly { readonly instrument: string; readonly from: number }[]
  /** A gateway without power: what nobody measured is unknown. */
  readonly outage: { readonly gateway: string; readonly from: number; readonly to: number }
  /** From then on the booking page of one network answers "not found". */
  readonly deadPageFrom: number
  /** A microscope is serviced, people are trained. */
  readonly serviced: number
  readonly trained: number
  /** An instrument of a college is the school's from then on. */
  readonly moved: number
  /** Where the first history ends. */
  readonly end: number
}

/** The story of a history of so many days; of thirty: no-shows on days 12 and 21, the unbooked run from day 10 on. */
export function storyOf(from: number, days: number): Story {
  const end = from + days * DAY
  const at = (share: number) => from + Math.round(share * days * 24) * HOUR
  // At night: nobody is absent while nothing is measured.
  const night = from + Math.floor(0.7 * days) * DAY + HOUR
  return {
    unbooked: { from: at(1 / 3), to: at(2 / 3) },
    noShows: [
      { instrument: 'sem-01', from: at(0.4) },
      { instrument: 'xrd-01', from: at(0.7) },
    ],
    outage: { gateway: 'sysu-centre', from: night, to: night + 3 * HOUR },
    deadPageFrom: at(0.6),
    serviced: at(0.4),
    trained: at(0.2),
    moved: from + Math.max(1, Math.floor(days / 2)) * DAY,
    end,
  }
}
