import type { FastifyReply } from 'fastify'

/** `__Host-`: the browser takes it only over TLS (or loopback), for this very host, for all of it. */
export const sessionCookie = '__Host-hours'
/** The session's CSRF token where the page's own script can read it, and no other site's. */
export const csrfCookie = '__Host-hours-csrf'
export const oidcCookie = '__Host-hours-oidc'

const always = { path: '/', secure: true } as const
const twelveHours = 12 * 3_600

/** The browser is signed in from now on. */
export function setSession(reply: FastifyReply, { token, csrf }: { token: string; csrf: string }): void {
  void reply
    .setCookie(sessionCookie, token, { ...always, httpOnly: true, sameSite: 'strict', maxAge: twelveHours })
    .setCookie(csrfCookie, csrf, { ...always, sameSite: 'strict', maxAge: twelveHours })
}

export function clearSession(reply: FastifyReply): void {
  void reply
    .clearCookie(sessionCookie, { ...always, httpOnly: true, sameSite: 'strict' })
    .clearCookie(csrfCookie, { ...always, sameSite: 'strict' })
}

/** The way back from another authority is a navigation from its site: lax, and for ten minutes. */
export function setOidcSecret(reply: FastifyReply, secret: string): void {
  void reply.setCookie(oidcCookie, secret, { ...always, httpOnly: true, sameSite: 'lax', maxAge: 600 })
}

export function clearOidcSecret(reply: FastifyReply): void {
  void reply.clearCookie(oidcCookie, { ...always, httpOnly: true, sameSite: 'lax' })
}
