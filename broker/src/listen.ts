import { isIPv4 } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { BrokerError } from './broker-error.ts'

export interface Listen {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** PEM texts; with `ca` gateways show a certificate of it (a password is the fallback). */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string }
  /** Plain TCP, on loopback only. */
  readonly allowPlain?: boolean
}

const isLoopback = (host: string) =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))

/** Throws `plain_refused` when passwords would travel in the clear. */
export function checkListen({ host, tls, allowPlain }: Listen): void {
  if (tls || (allowPlain === true && isLoopback(host))) return
  throw new BrokerError(
    'plain_refused',
    `mqtt on ${host} without TLS: plain TCP is for loopback, by an explicit flag. Fix: give a certificate and key.`,
  )
}

/** A TCP or TLS server; `accept` gets each connection once its handshake is done. Throws `bad_tls`. */
export function createMqttServer(
  { tls }: Listen,
  handshakeTimeout: number,
  accept: (socket: Socket) => void,
): Server {
  if (!tls) return createServer(accept)
  try {
    return createTlsServer(
      {
        cert: tls.cert,
        key: tls.key,
        minVersion: 'TLSv1.2',
        handshakeTimeout,
        // A gateway without a certificate may still show its password: what was shown is judged after CONNECT.
        ...(tls.ca === undefined ? {} : { ca: tls.ca, requestCert: true, rejectUnauthorized: false }),
      },
      accept,
    )
  } catch (cause) {
    throw new BrokerError('bad_tls', 'tls: certificate and key do not fit. Fix: PEM files of one pair.', {
      cause,
    })
  }
}

/** Resolves with the port; rejects with `port_in_use`. */
export function startListening(server: Server, { host, port }: Listen): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${cause.code ?? cause.message})`
      const fix = 'Fix: stop what uses it, or --mqtt 0 for a free one.'
      reject(new BrokerError('port_in_use', `mqtt port ${port} ${why}. ${fix}`, { cause }))
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
