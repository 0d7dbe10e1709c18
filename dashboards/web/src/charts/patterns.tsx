import type { State } from '@hours/protocol'

/** What a state is filled with, everywhere: a colour and a pattern, so that neither eye nor printer needs colour. */
export const fillOf = (state: State): string => `url(#state-${state})`

/** Over what was booked or used and does not match what the instrument did. */
export const findingFill = 'url(#finding)'

/** The patterns themselves; once in the document. */
export function Patterns() {
  return (
    <svg width="0" height="0" aria-hidden="true" class="hidden">
      <defs>
        <pattern id="state-run" width="8" height="8" patternUnits="userSpaceOnUse">
          <rect width="8" height="8" style={{ fill: 'var(--run)' }} />
        </pattern>
        <pattern
          id="state-standby"
          width="6"
          height="6"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="6" height="6" style={{ fill: 'var(--standby)' }} />
          <rect width="1.6" height="6" style={{ fill: 'var(--standby-ink)' }} />
        </pattern>
        <pattern id="state-off" width="8" height="8" patternUnits="userSpaceOnUse">
          <rect width="8" height="8" style={{ fill: 'var(--off)' }} />
        </pattern>
        <pattern
          id="state-fault"
          width="6"
          height="6"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="6" height="6" style={{ fill: 'var(--fault)' }} />
          <path d="M0 3H6M3 0V6" style={{ stroke: 'var(--fault-ink)' }} stroke-width="1.1" />
        </pattern>
        <pattern id="state-unknown" width="5" height="5" patternUnits="userSpaceOnUse">
          <rect width="5" height="5" style={{ fill: 'var(--unknown)' }} />
          <circle cx="1.5" cy="1.5" r="0.85" style={{ fill: 'var(--unknown-ink)' }} />
        </pattern>
        <pattern
          id="finding"
          width="5"
          height="5"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(-45)"
        >
          <rect width="5" height="5" style={{ fill: 'var(--bad)' }} opacity="0.1" />
          <rect width="1.2" height="5" style={{ fill: 'var(--bad)' }} opacity="0.45" />
        </pattern>
      </defs>
    </svg>
  )
}
