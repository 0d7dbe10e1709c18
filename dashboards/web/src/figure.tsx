import type { ComponentChildren } from 'preact'

interface FigureProps {
  readonly label: string
  readonly value: string
  readonly unit?: string | undefined
  readonly children?: ComponentChildren
}

/** A number that matters, with what it means and what bounds it. */
export function BigFigure({ label, value, unit, children }: FigureProps) {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>
        {value} {unit === undefined ? null : <small class="soft">{unit}</small>}
      </dd>
      {children ? <dd class="note">{children}</dd> : null}
    </div>
  )
}
