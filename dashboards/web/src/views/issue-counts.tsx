import { count } from '../format.ts'
import { addressWith } from '../route.ts'
import { text } from '../text/text.ts'

interface Props {
  /** Differences of each kind, of the whole scope and period. */
  readonly counts: Readonly<Record<string, number>>
  /** The one that is shown; empty = all. */
  readonly kind: string
}

/** How many differences of each kind; each number is the way to its list. */
export function IssueCounts({ counts, kind }: Props) {
  const words = text.value.reconciliation
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0)
  const found = Object.entries(counts).filter(([name, n]) => n > 0 || name === kind)
  const none = Object.entries(counts).filter(([name, n]) => n === 0 && name !== kind)
  return (
    <section>
      <nav aria-label={words.kind}>
        <ul class="kind-counts">
          <Kind
            name={words.all}
            n={all}
            address={addressWith({ kind: null, cursor: null })}
            on={kind === ''}
          />
          {found.map(([name, n]) => (
            <Kind
              key={name}
              name={words.kinds[name] ?? name}
              n={n}
              address={addressWith({ kind: name, cursor: null })}
              on={kind === name}
            />
          ))}
        </ul>
      </nav>
      {none.length > 0 ? (
        <p class="soft small">{words.noneOf(none.map(([name]) => words.kinds[name] ?? name))}</p>
      ) : null}
    </section>
  )
}

interface KindProps {
  readonly name: string
  readonly n: number
  readonly address: string
  readonly on: boolean
}

function Kind({ name, n, address, on }: KindProps) {
  return (
    <li>
      <a href={address} aria-current={on ? 'true' : undefined}>
        <b>{count(n)}</b> {name}
      </a>
    </li>
  )
}
