import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'

interface Options {
  /** PEM of the only authority that may vouch for the site; absent = the machine's own. */
  readonly ca?: string | undefined
  /** Asks whoever answers: for what is checked by its hash. */
  readonly unverified?: boolean
  readonly body?: object
}

interface Sending extends Omit<Options, 'body'> {
  /** An API key. */
  readonly key?: string | undefined
  readonly bytes?: Uint8Array | undefined
  /** Of the bytes; default JSON. */
  readonly type?: string
}

interface Answer {
  readonly status: number
  /** The text, or what its JSON says. */
  readonly body: unknown
}

const maxAnswer = 8_000_000
const patienceMs = 60_000

/** GET, or POST with bytes; whatever the site answers. Rejects when it does not. */
export function sendToSite(
  url: string,
  { ca, unverified, key, bytes, type = 'application/json' }: Sending,
): Promise<Answer> {
  const send = new URL(url).protocol === 'http:' ? plainRequest : tlsRequest
  return new Promise((resolve, reject) => {
    const asked = send(
      url,
      {
        method: bytes ? 'POST' : 'GET',
        signal: AbortSignal.timeout(patienceMs),
        minVersion: 'TLSv1.2',
        rejectUnauthorized: unverified !== true,
        ...(ca === undefined ? {} : { ca }),
        headers: {
          ...(bytes ? { 'content-type': type, 'content-length': bytes.length } : {}),
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (part: string) => {
          text += part
          if (text.length > maxAnswer) asked.destroy(new Error(`${url}: more than 8 MB came`))
        })
        answer.on('error', reject)
        answer.on('end', () => {
          const isJson = /json/.test(answer.headers['content-type'] ?? '')
          resolve({ status: answer.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text })
        })
      },
    )
    asked.on('error', reject)
    asked.end(bytes)
  })
}

/** GET, or POST with a body; the text or JSON that came. Rejects with the site's own words. */
export async function askSite(url: string, { body, ...more }: Options): Promise<unknown> {
  const bytes = body && Buffer.from(JSON.stringify(body))
  const answer = await sendToSite(url, { ...more, bytes })
  if (answer.status < 300) return answer.body
  const said = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  throw new Error(`${url} answered ${answer.status}: ${said.slice(0, 300)}`)
}
