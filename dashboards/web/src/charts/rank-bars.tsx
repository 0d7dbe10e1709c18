import { hours } from '../format.ts'
import { instrumentAddress } from '../routes.ts'
import type { RankRow } from '../views/fleet-ranking.tsx'
import { fillOf } from './patterns.tsx'

interface Props {
  readonly rows: readonly RankRow[]
  readonly measure: (row: RankRow) => number
  readonly nameOfKey: (key: string) => string
}

/** Names with a bar each; the names are links. */
export function RankBars({ rows, measure, nameOfKey }: Props) {
  const top = Math.max(1, ...rows.map(measure))
  return (
    <ol class="rank">
      {rows.map((row) => (
        <li key={row.key}>
          <a href={instrumentAddress(row.key)} title={row.key}>
            {nameOfKey(row.key)}
          </a>
          <svg width="100%" height="12" aria-hidden="true">
            <rect width={`${(measure(row) / top) * 100}%`} height="12" rx="1.5" fill={fillOf('run')} />
          </svg>
          <span class="num">{hours(measure(row))}</span>
        </li>
      ))}
    </ol>
  )
}
