import type { Booked, Finding } from '../api-shapes.ts'
import { shortUser } from '../format.ts'
import { text } from '../text/text.ts'
import { bracketsOf } from './brackets.ts'
import { findingFill } from './patterns.tsx'
import { type Place, placeOf } from './placed.ts'
import type { Window } from './time-axis.tsx'

/** Who booked it, who used it, and where that does not fit what it did; each in order of time. */
export interface InstrumentUse {
  readonly bookings: readonly Booked[]
  readonly sessions: readonly Booked[]
  readonly findings: readonly Finding[]
}

/** Where the lanes are drawn. */
interface Ground {
  readonly window: Window
  /** Instant up to which what is open has lasted. */
  readonly now: number
  readonly width: number
  readonly top: number
}

const bar = 17
const step = bar + 4
/** Height of all lanes, px: booked, used, and what does not match. */
export const lanesHeight = 2 * step + 26
/** Middles of the two lanes, px from the top, for their names. */
export const laneMiddles = [bar / 2, step + bar / 2] as const

/** Under what it did: bookings, sessions, and brackets with their word where they do not match. */
export function UseLanes({ use, ...ground }: Ground & { readonly use: InstrumentUse }) {
  return (
    <g>
      <Lane name="booked" list={use.bookings} ground={ground} />
      <Lane name="used" list={use.sessions} ground={{ ...ground, top: ground.top + step }} />
      <Brackets findings={use.findings} ground={ground} />
    </g>
  )
}

const boxOf = ([x, w]: Place, top: number, bottom: number) =>
  `M${x.toFixed(1)} ${top}h${w.toFixed(1)}V${bottom}h${(-w).toFixed(1)}z`

interface LaneProps {
  readonly name: 'booked' | 'used'
  readonly list: readonly Booked[]
  readonly ground: Ground
}

function Lane({ name, list, ground: { window, now, width, top } }: LaneProps) {
  const placed = list.flatMap((one) => {
    const place = placeOf(one, window, width, now)
    return place ? [{ one, place }] : []
  })
  return (
    <g class={name}>
      <path d={placed.map(({ place }) => boxOf(place, top, top + bar)).join('')} />
      {placed.map(({ one, place: [x, w] }) => {
        const label = shortUser(one.user)
        return w < 10 + 7 * label.length ? null : (
          <text key={one.id} x={x + 5} y={top + bar - 4.5}>
            {label}
          </text>
        )
      })}
    </g>
  )
}

/** A word that would touch the one before is left to the pointer and the list below; the bracket itself is always there. */
function Brackets({ findings, ground }: { findings: readonly Finding[]; ground: Ground }) {
  const words = text.value.reconciliation.kinds
  const { top } = ground
  const floor = top + 2 * step
  const drawn = bracketsOf(findings, (kind) => words[kind] ?? kind, ground)
  return (
    <g class="finding">
      <path
        class="shade"
        fill={findingFill}
        d={drawn.map(({ place }) => boxOf(place, top - 6, floor)).join('')}
      />
      <path
        class="bracket"
        d={drawn.map(({ place: [x, w] }) => `M${x.toFixed(1)} ${floor}v5h${w.toFixed(1)}v-5`).join('')}
      />
      {drawn.map(({ finding, label }) =>
        label ? (
          <text key={`${finding.kind} ${finding.from}`} x={label.x} y={floor + 19} data-kind={finding.kind}>
            {label.word}
          </text>
        ) : null,
      )}
    </g>
  )
}

/** The mark of a legend. */
export const BracketSwatch = () => (
  <svg class="swatch finding" width="18" height="14" aria-hidden="true">
    <path class="shade" fill={findingFill} d="M1 0h16v10h-16z" />
    <path class="bracket" d="M1 6v5h16v-5" />
  </svg>
)
