import { SeriesStatus } from '@hours/protocol'
import { behindMs, lagText } from '../series/series-lag.ts'
import type { ApiContext } from './context.ts'
import { Problem } from './problem.ts'
import type { Api } from './server.ts'

/** Refused points in one answer. */
const mostRefused = 100

/** The series store, for whoever runs the site: how far it is behind, why, and each point that it refused. */
export function seriesRoutes(app: Api, { ingest, series, outbox }: ApiContext): void {
  app.get(
    '/api/v1/series',
    { schema: { response: { 200: SeriesStatus }, tags: ['operations'] }, config: { needs: 'operate' } },
    (): SeriesStatus => {
      if (!series || !outbox) throw new Problem(404, 'no series store', { fix: 'this process has none' })
      const { oldest, ...state } = outbox.state()
      const now = ingest.clock.wall()
      return {
        ...state,
        store: series.name,
        says: lagText({ ...state, oldest }, now),
        behindMs: behindMs({ oldest }, now),
        reasons: [...state.reasons],
        foreign: [...state.foreign],
        untold: ingest.untold.any(),
        refused: outbox.quarantined(mostRefused).map(({ id, at, reason, point }) => ({
          ...{ id, at, reason, measurement: point.measurement },
          ...{ tags: { ...point.tags }, time: point.at },
        })),
        simulated: ingest.simulated,
      }
    },
  )
}
