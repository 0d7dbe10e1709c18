import { count } from './format.ts'
import { setQuery } from './route.ts'
import { text } from './text/text.ts'

/** Where a page of a list is, as the API says it. */
export interface ListPlace {
  readonly offset: number
  readonly previous: string | null
  readonly next: string | null
}

interface PagerProps {
  readonly of: ListPlace
  /** Rows on this page, and in the whole list. */
  readonly rows: number
  readonly total: number
}

/** Which rows of how many, and the pages beside this one; each page is an address that Back leads to. */
export function Pager({ of: { offset, previous, next }, rows, total }: PagerProps) {
  const words = text.value.pager
  const turn = (cursor: string | null) => {
    setQuery({ cursor: cursor === '0' ? null : cursor }, false)
    scrollTo(0, 0)
  }
  return (
    <nav class="pager" aria-label={words.label}>
      <span class="soft small">{words.shown(count(offset + 1), count(offset + rows), count(total))}</span>
      <span class="row">
        {previous === null ? null : (
          <button type="button" class="button quiet" onClick={() => turn(previous)}>
            ← {words.previous}
          </button>
        )}
        {next === null ? null : (
          <button type="button" class="button quiet" onClick={() => turn(next)}>
            {words.next} →
          </button>
        )}
      </span>
    </nav>
  )
}
