import { request } from 'node:https'

interface Options {
  /** PEM of the only authority that may vouch for the site; absent = the machine's own. */
  readonly ca?: string | undefined
  /** Asks whoever answers: for what is checked by its hash. */
  readonly unverified?: boolean
  readonly body?: object
}

const maxAnswer = 1_000_000

/** GET, or POST with a body, over HTTPS; the text or JSON that came. Rejects with the site's own words. */
export function askSite(url: string, { ca, unverified, body }: Options): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      {
        method: body ? 'POST' : 'GET',
        signal: AbortSignal.timeout(20_000),
        minVersion: 'TLSv1.2',
        rejectUnauthorized: unverified !== true,
        ...(ca === undefined ? {} : { ca }),
        ...(body ? { headers: { 'content-type': 'application/json' } } : {}),
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (part: string) => {
          text += part
          if (text.length > maxAnswer) asked.destroy(new Error(`${url}: more than 1 MB came`))
        })
        answer.on('error', reject)
        answer.on('end', () => {
          const isJson = /json/.test(answer.headers['content-type'] ?? '')
          const status = answer.statusCode ?? 0
          if (status >= 300) reject(new Error(`${url} answered ${status}: ${text.slice(0, 300)}`))
          else resolve(isJson ? JSON.parse(text) : text)
        })
      },
    )
    asked.on('error', reject)
    asked.end(body && JSON.stringify(body))
  })
}
