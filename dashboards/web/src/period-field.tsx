import { serverNow } from './clock.ts'
import { periodChoices } from './periods.ts'
import { place, setQuery } from './route.ts'
import { text } from './text/text.ts'
import { dateOf } from './zone.ts'

interface FieldProps {
  readonly zone: string
  readonly value: string
  readonly name?: string
  readonly label?: string
  /** First choice: no period at all. */
  readonly noneLabel?: string
}

/** Which period; kept in the address. */
export function PeriodField({ zone, value, name = 'period', label, noneLabel }: FieldProps) {
  const choices = periodChoices(zone, serverNow.value)
  const known = value === '' || choices.some(({ id }) => id === value)
  return (
    <label class="field">
      <span>{label ?? text.value.fleet.period}</span>
      <select
        value={value}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value, cursor: null })}
      >
        {noneLabel === undefined ? null : <option value="">{noneLabel}</option>}
        {known ? null : <option value={value}>{value}</option>}
        {choices.map(({ id, label: shown }) => (
          <option key={id} value={id}>
            {shown}
          </option>
        ))}
      </select>
    </label>
  )
}

/** The period in the address, else the current year or month. */
export function askedPeriod(zone: string, usual: 'year' | 'month' = 'year'): string {
  const current = dateOf(zone, serverNow.value).slice(0, usual === 'year' ? 4 : 7)
  return place.value.query.get('period') ?? current
}
