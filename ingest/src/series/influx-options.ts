/** How to reach an InfluxDB of any generation. */
export interface InfluxOptions {
  /** Such as `http://127.0.0.1:8086`; a path of a reverse proxy may follow. */
  readonly url: string
  /** 2.x and 3. */
  readonly token?: string
  /** 1.x with authentication. */
  readonly username?: string
  readonly password?: string
  /** Database (1.x, 3) or bucket (2.x); made at set-up where it is absent. Default `hours`. */
  readonly database?: string
  /** 2.x: organisation of the bucket; default the only one there is. */
  readonly organisation?: string
  /** Days that everything is kept; default for ever. */
  readonly retentionDays?: number
  /** ms until a request counts as unanswered; default 10 s. */
  readonly timeoutMs?: number
}

/** Options with their defaults; a name and password out of the address, which stands in messages for everybody. */
export function completed(options: InfluxOptions) {
  const url = new URL(options.url)
  const { username, password } = url
  url.username = ''
  url.password = ''
  return {
    ...(username === ''
      ? {}
      : { username: decodeURIComponent(username), password: decodeURIComponent(password) }),
    ...options,
    url: url.href.replace(/\/+$/, ''),
    database: options.database ?? 'hours',
    timeoutMs: options.timeoutMs ?? 10_000,
  }
}
export type InfluxTarget = ReturnType<typeof completed>

/** The header that admits us: token for 2.x and 3, Basic for 1.x, nothing where nothing is set. */
export function authorization({ token, username, password }: InfluxTarget): Record<string, string> {
  if (token !== undefined) return { authorization: `Token ${token}` }
  if (username === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` }
}
