import { z } from 'zod'

export type GrafanaCode = 'unreachable' | 'refused' | 'rejected' | 'strange_answer'

/** A fault of Grafana or of what we sent it; the message says which request, and what to do. */
export class GrafanaError extends Error {
  readonly code: GrafanaCode
  readonly status: number | undefined
  constructor(code: GrafanaCode, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'GrafanaError'
    this.code = code
    this.status = options.status
  }
}

export interface GrafanaClient {
  /** Asks and checks the answer; a 404 is undefined where `absent` is allowed. */
  ask<T>(request: GrafanaRequest<T> & { readonly absent: true }): Promise<T | undefined>
  ask<T>(request: GrafanaRequest<T>): Promise<T>
}

export interface GrafanaRequest<T> {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly body?: unknown
  readonly answer: z.ZodType<T>
  readonly absent?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

const Refusal = z.object({ message: z.string().optional() })

/** The few calls of Grafana's HTTP API that we need, with a service account's token. */
export function createGrafanaClient({
  url,
  token,
  timeoutMs = 15_000,
}: {
  url: string
  token: string
  timeoutMs?: number
}): GrafanaClient {
  const base = url.replace(/\/+$/, '')
  async function ask<T>({ method = 'GET', path, body, answer, absent, headers }: GrafanaRequest<T>) {
    const name = `${method} ${path}`
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'content-type': 'application/json',
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      throw new GrafanaError(
        'unreachable',
        `Grafana at ${base} does not answer (${name}). Fix: check --url.`,
        { cause },
      )
    })
    const text = await response.text()
    const { status } = response
    if (status === 404 && absent === true) return undefined
    if (status === 401 || status === 403)
      throw new GrafanaError(
        'refused',
        `Grafana refuses the token for ${name} (${status}). Fix: a service account with the role Admin, or Editor for dashboards alone.`,
        { status },
      )
    const parsed = parseJson(text)
    if (!response.ok) {
      const said = Refusal.safeParse(parsed)
      const why = (said.success ? said.data.message : undefined) ?? text.slice(0, 200)
      throw new GrafanaError('rejected', `Grafana rejects ${name} (${status}): ${why}`, { status })
    }
    const checked = answer.safeParse(parsed)
    if (!checked.success)
      throw new GrafanaError(
        'strange_answer',
        `Grafana answers ${name} in a shape that is not known: ${z.prettifyError(checked.error)}`,
        { status },
      )
    return checked.data
  }
  return { ask: ask }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
