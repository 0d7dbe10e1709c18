import type { InstrumentSummary } from '@hours/protocol'
import { fillOf } from '../charts/patterns.tsx'
import { nameOf, shortUser } from '../format.ts'
import { withLive } from '../live.ts'
import { instrumentAddress } from '../routes.ts'
import { text } from '../text/text.ts'
import { Since } from './since.tsx'
import { type Surface, wallLayout } from './wall-layout.ts'

interface Props {
  readonly items: readonly InstrumentSummary[]
  readonly askedAt: number
  /** What they are to fill; nothing = as high as they are. */
  readonly surface?: Surface
  /** The server has not answered for minutes. */
  readonly isOld?: boolean
}

/** What needs somebody takes two places, as long as that is the exception. */
const needsSomebody = ({ state }: InstrumentSummary) => state === 'fault' || state === 'unknown'

/** One tile an instrument. */
export function KioskTiles({ items, askedAt, surface, isOld }: Props) {
  const now = items.map((item) => withLive(item, askedAt))
  const wanted = now.filter(needsSomebody).length
  const wide = wanted * 3 <= now.length ? wanted : 0
  const layout = surface && wallLayout({ wide, single: now.length - wide }, surface)
  return (
    <ul
      class={isOld === true ? 'tiles old' : 'tiles'}
      style={layout && { '--columns': layout.columns, '--rows': layout.rows }}
    >
      {now.map((item) => (
        <Tile key={item.key} item={item} isWide={wide > 0 && needsSomebody(item)} />
      ))}
    </ul>
  )
}

function Tile({ item, isWide }: { item: InstrumentSummary; isWide: boolean }) {
  const name = nameOf(item.names, item.key)
  return (
    <li class={isWide ? 'wide' : undefined}>
      <a class={`tile ${item.state}`} href={instrumentAddress(item.key)} title={name}>
        <svg aria-hidden="true">
          <rect width="100%" height="100%" fill={fillOf(item.state)} />
        </svg>
        <div>
          <strong>{name}</strong>
          <p class="big">{text.value.states[item.state]}</p>
          <p class="tile-since">
            <Since item={item} />
            {item.session ? <small> · {shortUser(item.session.user)}</small> : null}
          </p>
        </div>
      </a>
    </li>
  )
}
