/** Why a row or a body was not taken: the field, what it held, why, and what to do. */
export interface RowFault {
  readonly field: string
  readonly value: string
  readonly reason: string
  readonly fix: string
}

/** What is taken, but somebody should look at. */
export interface RowWarning {
  readonly code: 'session_overlap' | 'proposed_duplicate' | 'outside_enrolment' | 'future' | 'formula_text'
  readonly reason: string
  /** Ids of the other records that it is about. */
  readonly ids: readonly string[]
}

export const fault = (field: string, value: unknown, reason: string, fix: string): RowFault => ({
  field,
  value: shown(value),
  reason,
  fix,
})

function shown(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value.slice(0, 200)
  const text = JSON.stringify(value) as string | undefined
  return (text ?? typeof value).slice(0, 200)
}
