import { signal } from '@preact/signals'
import { api, load } from './api-client.ts'
import type { Me } from './api-shapes.ts'
import { csrfToken } from './signed-in.ts'

/** Who has signed in; undefined on a site without logins, and until it is known. */
export const me = signal<Me | undefined>(undefined)

/** Asks who the session's account is; without a session there is nobody to ask about. */
export function askWhoIam(): void {
  if (csrfToken() === null) {
    me.value = undefined
    return
  }
  load(api.me()).then(
    (answer) => {
      me.value = answer
    },
    () => {
      // The views ask for themselves and say what is wrong; what may not be done is refused by the server.
      me.value = undefined
    },
  )
}

/** Whether to offer what needs the right; the server decides, and where nobody signs in everything is offered. */
export const may = (right: string): boolean => me.value === undefined || me.value.rights.includes(right)
