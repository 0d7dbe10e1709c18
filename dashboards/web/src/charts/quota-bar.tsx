import { count, hours } from '../format.ts'
import { text } from '../text/text.ts'
import { fillOf } from './patterns.tsx'
import { useWidth } from './use-width.ts'

interface QuotaBarProps {
  /** All in ms. */
  readonly value: number
  readonly upper: number
  readonly ahead: number
  readonly quota: number
}

/** Hours so far, what unknown time could add, where the year will end, and the quota. */
export function QuotaBar({ value, upper, ahead, quota }: QuotaBarProps) {
  const [ref, width] = useWidth<HTMLDivElement>()
  const words = text.value.instrument
  const top = Math.max(quota, upper, ahead) * 1.02
  const x = (ms: number) => (ms / top) * width
  const label = `${hours(value)} ${words.quotaOf(count(quota / 3_600_000))}; ${words.projected}: ${hours(ahead)}; ${words.upper}: ${hours(upper)}`
  return (
    <div ref={ref} style={{ height: '44px' }}>
      <svg width={width} height="44" role="img" aria-label={label}>
        <title>{label}</title>
        <rect x="0" y="8" width={x(quota)} height="20" rx="2" style={{ fill: 'var(--sunk)' }} />
        <rect
          x={x(value)}
          y="8"
          width={Math.max(0, x(upper) - x(value))}
          height="20"
          fill={fillOf('unknown')}
        />
        <rect x="0" y="8" width={x(value)} height="20" rx="2" fill={fillOf('run')} />
        <line class="mark" x1={x(quota)} x2={x(quota)} y1="2" y2="34" />
        <path d={`M${x(ahead)} 29l-5 9h10z`} style={{ fill: 'var(--ink)' }} />
        <line class="mark" x1={x(ahead)} x2={x(ahead)} y1="8" y2="30" stroke-dasharray="2 2" />
      </svg>
    </div>
  )
}
