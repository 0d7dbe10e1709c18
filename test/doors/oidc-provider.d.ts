/** The parts of oidc-provider 9 (which has no types of its own) that these tests use. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }
  interface Context {
    readonly oidc: {
      readonly client?: { readonly clientId: string }
      readonly provider: {
        readonly Grant: new (of: { clientId: string; accountId: string }) => Grant
      }
    }
  }
  interface Configuration {
    readonly clients: readonly object[]
    readonly claims: Readonly<Record<string, readonly string[]>>
    readonly conformIdTokenClaims: boolean
    readonly pkce: { readonly required: () => boolean }
    readonly features: object
    readonly findAccount: (
      context: Context,
      id: string,
    ) => { readonly accountId: string; readonly claims: () => object }
    readonly interactions: { readonly url: (context: Context, interaction: { uid: string }) => string }
    readonly loadExistingGrant: (context: Context) => Promise<Grant>
  }
  class Provider {
    constructor(issuer: string, configuration: Configuration)
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
  }
  export = Provider
}
