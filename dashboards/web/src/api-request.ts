import { csrfToken, loginWanted } from './signed-in.ts'
import { noteSimulated } from './simulated.ts'

/**
 * How an answer failed: `missing` = this server has no such thing (404), `denied` = sign in, `refused` = the
 * question was wrong (other 4xx), `down` = the server did not answer, too late, or with 5xx.
 */
export type ApiFault = 'missing' | 'denied' | 'refused' | 'down'

/** `fix` = what the server says can be done about it (RFC 9457 problem with `field`, `value`, `fix`). */
export class ApiError extends Error {
  readonly code: ApiFault
  readonly status: number
  readonly fix: string | undefined
  constructor(code: ApiFault, status: number, { message, fix }: Said) {
    super(message)
    this.code = code
    this.status = status
    this.fix = fix
  }
}

/** What a server says of a failure. */
interface Said {
  readonly message: string
  readonly fix?: string | undefined
}

/** A question that is not answered in this time (ms) has failed; a figure of thousands of instruments may say more. */
export const usualPatienceMs = 30_000

/** What goes with a question besides `fetch`'s own: how long to wait, ms; `Infinity` = as long as it takes. */
export interface Wait {
  readonly patienceMs?: number
}

/** Fetches JSON; every failure is an `ApiError` that says whose fault it is. An abort by the caller is thrown as it is. */
export async function request<T>(address: string, init: RequestInit & Wait = {}): Promise<T> {
  const { patienceMs = usualPatienceMs, signal: given, ...rest } = init
  const headers = new Headers(init.headers)
  headers.set('accept', 'application/json')
  const csrf = csrfToken()
  if (csrf !== null && init.method !== undefined) headers.set('x-csrf-token', csrf)
  const late = new AbortController()
  const timer = Number.isFinite(patienceMs) ? setTimeout(() => late.abort(), patienceMs) : undefined
  const signal = given ? AbortSignal.any([given, late.signal]) : late.signal
  try {
    const answer = await fetch(address, { ...rest, headers, signal })
    noteSimulated(answer.headers.get('x-hours-simulated') === 'true')
    return await bodyOf<T>(address, answer)
  } catch (cause) {
    if (cause instanceof ApiError || given?.aborted) throw cause
    throw new ApiError('down', 0, { message: late.signal.aborted ? `> ${patienceMs / 1_000} s` : '' })
  } finally {
    clearTimeout(timer)
  }
}

async function bodyOf<T>(address: string, answer: Response): Promise<T> {
  if (answer.status === 401) loginWanted.value = true
  // A service that is not well says so with 503 and the same body.
  const unwell = answer.status === 503 && address === '/api/v1/health'
  if (!answer.ok && !unwell) throw await failureOf(answer)
  const text = await answer.text()
  try {
    return JSON.parse(text) as T
  } catch {
    // A page server's own start page instead of JSON: this route does not exist there.
    throw new ApiError('missing', answer.status, { message: `${address} did not answer with JSON` })
  }
}

/** The failure that an answer is. */
export async function failureOf(answer: Response): Promise<ApiError> {
  return new ApiError(faultOf(answer.status), answer.status, await saidIn(answer))
}

function faultOf(status: number): ApiFault {
  if (status === 404 || status === 501) return 'missing'
  if (status === 401 || status === 403) return 'denied'
  return status < 500 ? 'refused' : 'down'
}

/** What an RFC 9457 problem says, else the status line: "period is not valid: 2026-13". */
async function saidIn(answer: Response): Promise<Said> {
  try {
    const body = (await answer.json()) as Readonly<Record<string, unknown>>
    const text = (name: string) => (typeof body[name] === 'string' ? body[name] : undefined)
    const what = text('detail') ?? text('message') ?? text('title')
    const value = text('value')
    if (what !== undefined)
      return { message: value === undefined || value === '' ? what : `${what}: ${value}`, fix: text('fix') }
  } catch {
    // No JSON: the status line says what there is to say.
  }
  return { message: `${answer.status} ${answer.statusText}`.trim() }
}
