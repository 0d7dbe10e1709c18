import { hash } from 'node:crypto'
import { HOUR, type InstrumentKey } from '@hours/protocol'
import type { SeriesPoint } from './series-ports.ts'

/** What is to be told, and what to call once it has been taken. */
export interface News {
  readonly points: readonly SeriesPoint[]
  readonly taken: () => void
}

/** Remembers what was told of each instrument and hour, so that a day that has grown by a page is not told whole again. */
export interface ToldPoints {
  /** Of the points of one instrument those whose hour (or whose day) is not as it was told last. */
  news(key: InstrumentKey, points: readonly SeriesPoint[]): News
  /** Of the 168 hours of the week those that have changed; hours nobody has measured yet are not told at all. */
  weekNews(key: InstrumentKey, points: readonly SeriesPoint[]): News
}

/** Hours and days remembered of an instrument: three days. */
const most = 3 * 25

/** Costs 40 MB for 9,900 instruments; after a restart everything is told once more. */
export function createToldPoints(): ToldPoints {
  const told = new Map<InstrumentKey, Map<string, number>>()
  const weeks = new Map<string, Float64Array>()
  return {
    weekNews(key, points) {
      const name = `${key} ${points[0]?.at ?? ''}`
      const known = weeks.get(name)
      const now = Float64Array.from(
        points.flatMap(({ fields }) => [fields['run_ms'], fields['known_ms']]),
        millis,
      )
      return {
        points: points.filter((_, i) =>
          [2 * i, 2 * i + 1].some((place) => (known?.[place] ?? 0) !== now[place]),
        ),
        taken: () => void weeks.set(name, now),
      }
    },
    news(key, points) {
      const known = told.get(key) ?? new Map<string, number>()
      const groups = [...Map.groupBy(points, groupOf)].map(
        ([name, group]) => [name, group, digestOf(group)] as const,
      )
      const changed = groups.filter(([name, , digest]) => known.get(name) !== digest)
      return {
        points: changed.flatMap(([, group]) => group),
        taken() {
          for (const [name, , digest] of changed) {
            // The newest stands last.
            known.delete(name)
            known.set(name, digest)
          }
          for (const name of known.keys()) if (known.size > most) known.delete(name)
          told.set(key, known)
        },
      }
    },
  }
}

const millis = (field: SeriesPoint['fields'][string] | undefined) => (field && 'i' in field ? field.i : 0)

const groupOf = ({ measurement, at }: SeriesPoint): string =>
  measurement === 'usage_daily' ? `day ${at}` : `hour ${Math.floor(at / HOUR)}`

/** 48 bits of everything but `revision`, which says when a figure was told and not what it is. */
function digestOf(points: readonly SeriesPoint[]): number {
  const text = JSON.stringify(points, (name, value: unknown) => (name === 'revision' ? undefined : value))
  return Number.parseInt(hash('sha1', text).slice(0, 12), 16)
}
