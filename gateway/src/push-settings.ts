import { existsSync } from 'node:fs'
import type { GatewayConfig, Source } from '@hours/protocol'

/** Where the gateway listens for instruments' PCs; `tls` has PEM files. */
export interface PushAddress {
  readonly host: string
  readonly port: number
  readonly tls: { readonly cert: string; readonly key: string } | undefined
}

/** A token that can be guessed is none. */
export const leastTokenLength = 16

/** Host, port and certificate out of `push`. */
export function pushAddress(push: NonNullable<GatewayConfig['push']>): PushAddress {
  const { listen, cert, key } =
    typeof push === 'string' ? { listen: push } : { cert: undefined, key: undefined, ...push }
  const colon = listen.lastIndexOf(':')
  return {
    host: listen.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(listen.slice(colon + 1)),
    tls: cert !== undefined && key !== undefined ? { cert, key } : undefined,
  }
}

/** What does not fit about pushed sources, as lines for the operator. */
export function pushFaults(
  push: GatewayConfig['push'],
  instruments: GatewayConfig['instruments'],
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const sources = instruments.flatMap(({ source, others = [] }) => [source, ...others]).filter(isPush)
  const found = push === undefined ? [] : addressFaults(push)
  if (push === undefined && sources.length > 0)
    found.push('push: absent, and a source of kind http-push needs it. Fix: push: 127.0.0.1:8095')
  const names = new Set<string>()
  for (const { name, tokenEnv } of sources) {
    if (names.has(name))
      found.push(`instruments: http-push name "${name}" stands twice. Fix: one name a source.`)
    names.add(name)
    if ((env[tokenEnv]?.length ?? 0) < leastTokenLength)
      found.push(
        `instruments: tokenEnv "${tokenEnv}": no such environment variable of at least ${leastTokenLength} characters. Fix: set it to a random token.`,
      )
  }
  return found
}

const isPush = (source: Source): source is Extract<Source, { kind: 'http-push' }> =>
  source.kind === 'http-push'

function addressFaults(push: NonNullable<GatewayConfig['push']>): string[] {
  const { host, port, tls } = pushAddress(push)
  const found: string[] = []
  if (port > 65_535) found.push(`push: "${port}" is not a port.`)
  if (typeof push === 'object' && (push.cert === undefined) !== (push.key === undefined))
    found.push('push: cert and key belong together. Fix: name both files, or neither.')
  for (const path of tls ? [tls.cert, tls.key] : [])
    if (!existsSync(path)) found.push(`push: "${path}": no such file. Fix: the PEM of this gateway.`)
  if (!tls && !['127.0.0.1', '::1', 'localhost'].includes(host))
    found.push(
      `push: "${host}": plain HTTP is for loopback only. Fix: push: { listen: "${host}:${port}", cert: FILE, key: FILE }.`,
    )
  return found
}
