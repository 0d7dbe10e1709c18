import { signal } from '@preact/signals'
import { go } from './route.ts'

/** Set when the server asked for a login; a site without one (the demo) never does. */
export const loginWanted = signal(false)

const csrfName = '__Host-hours-csrf='

/** The session's token, which the server wants to see with everything that changes something; null without a session. */
export const csrfToken = (): string | null =>
  document.cookie
    .split('; ')
    .find((one) => one.startsWith(csrfName))
    ?.slice(csrfName.length) ?? null

/** Sends what belongs to a login; true when the server took it. */
export async function sendLogin(path: 'login' | 'logout' | 'welcome', body: object): Promise<boolean> {
  const csrf = csrfToken()
  const answer = await fetch(`/api/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(csrf === null ? {} : { 'x-csrf-token': csrf }) },
    body: JSON.stringify(body),
  }).catch(() => undefined)
  return answer?.ok ?? false
}

/** Whether the site offers a login by another authority. */
export async function offersOidc(): Promise<boolean> {
  const answer = await fetch('/api/v1/login').catch(() => undefined)
  if (!answer?.ok) return false
  const offer = (await answer.json()) as { oidc?: unknown }
  return offer.oidc === true
}

const placeName = 'hours.place'

/** Before the browser leaves for another authority: where the reader wanted to go. */
export function rememberPlace(): void {
  try {
    sessionStorage.setItem(placeName, location.pathname + location.search)
  } catch {
    // Storage is off in this browser: the reader lands on the first view.
  }
}

/** Back from the other authority, which leads to the first view: on to where the reader wanted to go. */
export function returnToPlace(): void {
  try {
    const wanted = sessionStorage.getItem(placeName)
    sessionStorage.removeItem(placeName)
    if (wanted?.startsWith('/') && location.pathname === '/' && location.search === '') go(wanted, true)
  } catch {
    // As above.
  }
}
