import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type ChannelSettings, channelsFrom } from './channel-settings.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** For tests: a real web server on a free port of loopback; what it answers can be changed while it runs. */
export interface Web {
  readonly port: number
  readonly url: string
  answer: Answer
  readonly asked: string[]
  close(): Promise<void>
}

export async function openWeb(answer: Answer, tls?: { key: string; cert: string }): Promise<Web> {
  const web = { answer, asked: [] as string[] }
  const handle: Answer = (request, response) => {
    web.asked.push(request.url ?? '')
    web.answer(request, response)
  }
  const server = tls ? createTls(tls, handle) : createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(web, {
    port,
    url: `http${tls ? 's' : ''}://127.0.0.1:${port}/`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

export const page =
  (body: string | Buffer, status = 200, type = 'text/html; charset=utf-8'): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  }

/** Settings of one channel with one page, loopback allowed. */
export function channelOf(url: string, change: object = {}, ofPage: object = {}): ChannelSettings {
  const { channels } = channelsFrom({
    channels: [
      {
        id: 'gz-net',
        owner: 'Centre A',
        allowPrivate: ['127.0.0.1'],
        pages: [{ id: 'booking', url, ...ofPage }],
        ...change,
      },
    ],
  })
  const [channel] = channels
  if (!channel) throw new Error('no channel')
  return channel
}
