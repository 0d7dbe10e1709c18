import type { Organisation } from './api-shapes.ts'
import { nameOf } from './format.ts'
import { setQuery } from './route.ts'
import { text } from './text/text.ts'

interface Props {
  readonly organisations: readonly Organisation[]
  readonly value: string
}

/** Everything, or an organisation with all below it; the tree shown by indents. */
export function ScopeField({ organisations, value }: Props) {
  return (
    <label class="field">
      <span>{text.value.fleet.scope}</span>
      <select
        value={value}
        onChange={(event) =>
          setQuery({
            scope: event.currentTarget.value === 'all' ? null : event.currentTarget.value,
            cursor: null,
          })
        }
      >
        <option value="all">{text.value.fleet.all}</option>
        {inTreeOrder(organisations).map(({ organisation: { id, names }, depth }) => (
          <option key={id} value={`org:${id}`}>
            {'\u2003'.repeat(depth)}
            {nameOf(names, id)}
          </option>
        ))}
      </select>
    </label>
  )
}

/** What a scope is called: everything, the organisation's name, or the instrument's id. */
export function scopeName(scope: string, organisations: readonly Organisation[]): string {
  if (scope === 'all') return text.value.fleet.all
  if (!scope.startsWith('org:')) return scope
  const id = scope.slice('org:'.length)
  return nameOf(organisations.find((one) => one.id === id)?.names, id)
}

/** Parents before children; what hangs on nothing known stands at the top. */
export function inTreeOrder(
  organisations: readonly Organisation[],
): { organisation: Organisation; depth: number }[] {
  const ids = new Set(organisations.map(({ id }) => id))
  const below = (parent: string | null, depth: number): { organisation: Organisation; depth: number }[] =>
    depth > 16
      ? []
      : organisations
          .filter((one) => (one.parent !== null && ids.has(one.parent) ? one.parent : null) === parent)
          .flatMap((organisation) => [{ organisation, depth }, ...below(organisation.id, depth + 1)])
  return below(null, 0)
}
