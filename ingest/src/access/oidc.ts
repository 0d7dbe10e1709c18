import * as client from 'openid-client'
import { type Clock, MINUTE } from '@hours/protocol'
import { IngestError } from '../ingest-error.ts'
import { newToken, tokenHash } from './secret.ts'

export interface OidcOptions {
  /** Address of the provider, such as `https://id.example.edu`. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string
  /** Where this site is reached; the provider sends people back to `<publicUrl>/api/v1/login/oidc/callback`. */
  readonly publicUrl: string
  /** The claim that names the account here. */
  readonly claim: 'preferred_username' | 'email' | 'sub'
  readonly clock: Clock
}

/** Login by another authority: OpenID Connect, authorization code with PKCE (S256), state and nonce. */
export interface OidcLogin {
  /** Where to send the browser, and the secret that its cookie keeps meanwhile. */
  begin(): Promise<{ url: string; secret: string }>
  /** What the provider says of who came back to `url`; rejects with `bad_login` when any check fails. */
  finish(url: URL, secret: string): Promise<{ account: string; subject: string }>
}

export const callbackPath = '/api/v1/login/oidc/callback'
const lifetime = 10 * MINUTE
/** Logins begun and not ended that are kept at once. */
const maxBegun = 1_000

interface Begun {
  readonly verifier: string
  readonly state: string
  readonly nonce: string
  readonly until: number
}

/** Asks the provider for its addresses at the first login, not at the start: the site runs while it is away. */
export function createOidcLogin(options: OidcOptions): OidcLogin {
  const { issuer, clientId, clientSecret, publicUrl, claim, clock } = options
  const server = new URL(issuer)
  if (server.protocol !== 'https:')
    throw new IngestError('bad_option', `oidc issuer "${issuer}": plain http. Fix: https://`)
  const redirect = new URL(callbackPath, publicUrl).href
  const begun = new Map<string, Begun>()
  let found: Promise<client.Configuration> | undefined

  function configuration(): Promise<client.Configuration> {
    found ??= client
      .discovery(
        server,
        clientId,
        undefined,
        clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret),
        { timeout: 10 },
      )
      .catch((error: unknown) => {
        found = undefined
        throw error
      })
    return found
  }

  return {
    async begin() {
      const provider = await configuration()
      const verifier = client.randomPKCECodeVerifier()
      const state = client.randomState()
      const nonce = client.randomNonce()
      const secret = newToken()
      for (const [name, { until }] of begun)
        if (until < clock.wall() || begun.size >= maxBegun) begun.delete(name)
      begun.set(tokenHash(secret), { verifier, state, nonce, until: clock.wall() + lifetime })
      const url = client.buildAuthorizationUrl(provider, {
        redirect_uri: redirect,
        scope: claim === 'email' ? 'openid email' : 'openid profile',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      })
      return { url: url.href, secret }
    },
    async finish(url, secret) {
      const name = tokenHash(secret)
      const one = begun.get(name)
      // Once only, whatever comes of it: what is replayed finds nothing.
      begun.delete(name)
      if (!one || one.until < clock.wall())
        throw new IngestError('bad_login', 'this login was not begun here, or too long ago; begin again')
      const answer = new URL(redirect)
      answer.search = url.search
      const tokens = await client.authorizationCodeGrant(await configuration(), answer, {
        pkceCodeVerifier: one.verifier,
        expectedState: one.state,
        expectedNonce: one.nonce,
        idTokenExpected: true,
      })
      const claims = tokens.claims()
      if (!claims) throw new IngestError('bad_login', 'the provider sent no ID token')
      if (claim === 'email' && claims['email_verified'] !== true)
        throw new IngestError('bad_login', 'the provider has not verified this e-mail address')
      const account = claims[claim]
      if (typeof account !== 'string' || account === '')
        throw new IngestError('bad_login', `the provider does not say ${claim}; see --oidc-claim`)
      return { account: account.toLowerCase().slice(0, 80), subject: `${claims.iss} ${claims.sub}` }
    },
  }
}
