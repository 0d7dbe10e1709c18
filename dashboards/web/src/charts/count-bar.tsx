import type { State } from '@hours/protocol'
import { states } from '../states.ts'
import { fillOf } from './patterns.tsx'
import { useWidth } from './use-width.ts'

/** One bar: how many instruments are in each state. Its numbers stand in the legend beneath. */
export function CountBar({
  counts,
  height = 22,
}: {
  counts: Partial<Record<State, number>>
  height?: number
}) {
  const [ref, width] = useWidth<HTMLDivElement>()
  const all = states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
  let x = 0
  return (
    <div ref={ref} style={{ height: `${height}px` }}>
      <svg width={width} height={height} aria-hidden="true">
        {all === 0 || width === 0
          ? null
          : states.map((state) => {
              const share = ((counts[state] ?? 0) / all) * width
              const from = x
              x += share
              return share === 0 ? null : (
                <rect
                  key={state}
                  x={from}
                  width={Math.max(1, share - 2)}
                  height={height}
                  rx="2"
                  fill={fillOf(state)}
                  class="outline"
                />
              )
            })}
      </svg>
    </div>
  )
}
