import { serverNow } from './clock.ts'
import { periodChoices } from './periods.ts'
import { place, setQuery } from './route.ts'
import { text } from './text/text.ts'

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

/** The period in the address, else the current year. */
export const askedPeriod = (zone: string): string =>
  place.value.query.get('period') ?? periodChoices(zone, serverNow.value)[0]?.id ?? ''
