import { api } from '../api-client.ts'
import type { Organisation } from '../api-shapes.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { readFigures } from '../figure-reading.ts'
import { count, hours, nameOf, none, percent } from '../format.ts'
import { useResource } from '../resource.ts'
import { text } from '../text/text.ts'

interface Props {
  readonly scope: string
  readonly organisations: readonly Organisation[]
  readonly period: string
}

/** The next level with a choice: a single organisation that holds everything is stepped over. */
/** The level to show: where there is but one organisation below, what is below that. */
function levelOf(scope: string, organisations: readonly Organisation[]) {
  const ids = new Set(organisations.map(({ id }) => id))
  const under = (parent: string | null) =>
    organisations.filter((one) => (one.parent !== null && ids.has(one.parent) ? one.parent : null) === parent)
  const first = under(scope === 'all' ? null : scope.replace(/^org:/, ''))
  const only = first.length === 1 ? first[0] : undefined
  const next = only ? under(only.id) : []
  return only && next.length > 0 ? { of: `org:${only.id}`, below: next } : { of: scope, below: first }
}

/** The organisations one level below, each a step down. */
export function FleetMembers({ scope, organisations, period }: Props) {
  const words = text.value.fleet
  const { of: parent, below } = levelOf(scope, organisations)
  const answer = useResource(api.figures(parent, period))
  if (below.length === 0) return null
  const figuresOf = (id: string) =>
    readFigures(answer.data?.members?.find(({ of }) => of === `org:${id}` || of === id)?.figures)
  const shown = below.map((one) => ({ one, figures: figuresOf(one.id) }))
  const anyFigures = shown.some(({ figures }) => figures.size > 0)
  const value = (ms: number | null | undefined) => (ms === null || ms === undefined ? none : hours(ms))
  const file = {
    name: `organisations-${period}`,
    head: ['organisation', 'name', 'instruments', 'effective_ms', 'external_ms', 'share_hours'],
    body: () =>
      shown.map(({ one, figures }) => [
        one.id,
        nameOf(one.names, one.id),
        one.instruments,
        figures.get('effective')?.value,
        figures.get('external')?.value,
        figures.get('shareHours')?.value,
      ]),
  }
  return (
    <section>
      <h2>{words.members}</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label={words.members}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.value.now.organisation}</th>
              <th scope="col" class="num">
                {words.perInstrument}
              </th>
              {anyFigures ? (
                <>
                  <th scope="col" class="num">
                    {words.effective}, {text.value.hour}
                  </th>
                  <th scope="col" class="num">
                    {words.external}, {text.value.hour}
                  </th>
                  <th scope="col" class="num">
                    {words.share}
                  </th>
                </>
              ) : null}
            </tr>
          </thead>
          <tbody>
            {shown.map(({ one, figures }) => (
              <tr key={one.id}>
                <th scope="row">
                  <a
                    href={`/fleet?scope=${encodeURIComponent(`org:${one.id}`)}&period=${encodeURIComponent(period)}`}
                  >
                    {nameOf(one.names, one.id)}
                  </a>
                </th>
                <td class="num">{one.instruments === undefined ? none : count(one.instruments)}</td>
                {anyFigures ? (
                  <>
                    <td class="num">{value(figures.get('effective')?.value)}</td>
                    <td class="num">{value(figures.get('external')?.value)}</td>
                    <td class="num">{percent(figures.get('shareHours')?.value)}</td>
                  </>
                ) : null}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <CsvButton rows={file} title={words.members} />
    </section>
  )
}
