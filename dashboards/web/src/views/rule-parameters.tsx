import type { RuleSet } from '../assessment-shapes.ts'
import { nameOf } from '../format.ts'
import { place, setQuery } from '../route.ts'

/** What a rule set must be told, because nobody has published it: given in the address, so that a link says all. */
export function RuleParameters({ of }: { of: RuleSet | undefined }) {
  const asked = neededOf(of)
  if (asked.length === 0) return null
  return (
    <>
      {asked.map(({ name, title }) => (
        <label class="field" key={name}>
          <span>{title}</span>
          <input
            inputMode="decimal"
            value={place.value.query.get(`p.${name}`) ?? ''}
            onChange={(event) => setQuery({ [`p.${name}`]: event.currentTarget.value.trim() })}
          />
        </label>
      ))}
    </>
  )
}

/** Parameters without a value of their own. */
export const neededOf = (of: RuleSet | undefined) =>
  Object.entries(of?.parameters ?? {})
    .filter(([, one]) => one.default === undefined && one.required !== false)
    .map(([name, one]) => ({ name, title: nameOf(one.title, name) }))

/** The values given, by the names of the parameters. */
export type Parameters = Readonly<Record<string, string | number>>

/** The values given, as the API takes them; undefined while one is missing. Numbers are numbers. */
export function givenParameters(of: RuleSet | undefined): Parameters | undefined {
  const values = neededOf(of).map(({ name }) => [name, place.value.query.get(`p.${name}`)] as const)
  if (values.some(([, value]) => value === null)) return undefined
  const typed = values.map(([name, value]) => {
    const number = Number(value)
    return [name, value !== null && value !== '' && Number.isFinite(number) ? number : (value ?? '')] as const
  })
  return Object.fromEntries(typed)
}
