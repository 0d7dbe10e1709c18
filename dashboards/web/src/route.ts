import { computed, signal } from '@preact/signals'

/** Where the reader is: the path taken apart, and what stands behind `?`. */
export interface Place {
  readonly path: string
  readonly query: URLSearchParams
}

const read = (): Place => ({
  path: location.pathname,
  query: new URLSearchParams(location.search),
})

export const place = signal<Place>(read())

/** First part of the path: which view. */
export const viewName = computed(() => place.value.path.split('/')[1] ?? '')

addEventListener('popstate', () => {
  place.value = read()
})

/** Goes to an address of this page; `replace` for changes the back button should not step through. */
export function go(address: string, replace = false): void {
  if (replace) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  const before = place.value.path
  place.value = read()
  if (replace || place.value.path === before) return
  scrollTo(0, 0)
  // What was focused may go with the view before; a reader by keyboard begins at the head of the new one.
  document.getElementById('content')?.focus({ preventScroll: true })
}

/** This view's address with parts of the query changed; null or empty removes one, so that links stay short. */
export function addressWith(change: Readonly<Record<string, string | null>>): string {
  const query = new URLSearchParams(place.value.query)
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') query.delete(name)
    else query.set(name, value)
  }
  const text = query.toString()
  return text === '' ? place.value.path : `${place.value.path}?${text}`
}

/** Goes to this view with parts of the query changed. */
export const setQuery = (change: Readonly<Record<string, string | null>>, replace = true): void =>
  go(addressWith(change), replace)

/** Links of this page change the view without loading it again; everything else is left to the browser. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
      return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (!link || link.target !== '' || link.hasAttribute('download')) return
    if (link.origin !== location.origin || link.pathname.startsWith('/api/')) return
    // A place on this very page, such as the skip link's: the browser goes there, focus included.
    if (link.hash !== '' && link.pathname + link.search === location.pathname + location.search) return
    event.preventDefault()
    go(link.pathname + link.search)
  })
}
