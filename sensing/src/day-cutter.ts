/** One civil day of a zone: [from, to) in Unix ms. */
export interface CivilDay {
  readonly date: string
  readonly from: number
  readonly to: number
}

/** The civil day of an instant, fast while instants move forward. Throws RangeError for an unknown zone. */
export function createDayCutter(zone: string): (at: number) => CivilDay {
  let day: CivilDay | undefined
  return (at) => {
    if (day && at >= day.from && at < day.to) return day
    const date = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()
    day = {
      date: date.toString(),
      from: date.toZonedDateTime(zone).epochMilliseconds,
      to: date.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds,
    }
    return day
  }
}
