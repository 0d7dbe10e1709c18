import { useEffect, useState } from 'preact/hooks'
import { api, itemsOf } from '../api-client.ts'
import { nameOf } from '../format.ts'
import { useResource } from '../resource.ts'
import { place, setQuery } from '../route.ts'
import { states } from '../states.ts'
import { text } from '../text/text.ts'

const sorts = ['name', 'state', 'on', 'run', 'coverage', 'key'] as const

/** Text, state, organisation and order; all of it asked of the server and kept in the address. */
export function NowFilters() {
  const words = text.value.now
  const { query } = place.value
  const organisations = useResource(api.organisations())
  const set = (name: string) => (event: { currentTarget: HTMLSelectElement }) =>
    setQuery({ [name]: event.currentTarget.value, cursor: null })
  return (
    <search class="filters">
      <SearchField />
      <label class="field">
        <span>{words.state}</span>
        <select value={query.get('state') ?? ''} onChange={set('state')}>
          <option value="">{words.anyState}</option>
          {states.map((state) => (
            <option key={state} value={state}>
              {text.value.states[state]}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{words.organisation}</span>
        <select value={query.get('organisation') ?? ''} onChange={set('organisation')}>
          <option value="">{words.anyOrganisation}</option>
          {itemsOf(organisations.data ?? []).map(({ id, names }) => (
            <option key={id} value={id}>
              {nameOf(names, id)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{words.sort}</span>
        <select value={query.get('sort') ?? 'name'} onChange={set('sort')}>
          {sorts.map((sort) => (
            <option key={sort} value={sort}>
              {words.sorts[sort]}
            </option>
          ))}
        </select>
      </label>
    </search>
  )
}

/** Asks a moment after the last key, not at each. */
function SearchField() {
  const words = text.value.now
  const asked = place.value.query.get('q') ?? ''
  const [typed, setTyped] = useState(asked)
  useEffect(() => setTyped(asked), [asked])
  useEffect(() => {
    if (typed === asked) return undefined
    const timer = setTimeout(() => setQuery({ q: typed, cursor: null }), 250)
    return () => clearTimeout(timer)
  }, [typed, asked])
  return (
    <label class="field">
      <span>{words.search}</span>
      <input
        type="search"
        value={typed}
        placeholder={words.searchHint}
        maxLength={100}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
    </label>
  )
}
