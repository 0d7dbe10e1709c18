import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ChannelsFile, channelsFrom } from '@hours/ingest'
import type { Clock } from '@hours/protocol'
import { channel, deadChannel } from './lists.ts'

/** Booking pages of two networks on a loopback port of their own, and the settings that have them probed. */
export interface BookingPages {
  readonly settings: ChannelsFile
  close(): Promise<void>
}

/** What a booking page may answer: itself, nothing, or a page without anything to book. */
export type PageAnswer = 'there' | 'gone' | 'empty'

const answers: Readonly<Record<PageAnswer, readonly [status: number, text: string]>> = {
  there: [200, '<!doctype html><title>预约</title><h1>仪器预约 Booking</h1>'],
  gone: [404, 'the page is gone'],
  empty: [200, '<!doctype html><title>Trial operation</title>'],
}

/** The page of `deadChannel` is gone from `deadFrom` (Unix ms of `clock`) on. */
export const serveBookingPages = (clock: Clock, deadFrom: number): Promise<BookingPages> =>
  servePages(
    [
      { id: channel, owner: 'gibh', names: { en: 'Guangzhou booking network', zh: '广州仪器预约网' } },
      { id: deadChannel, owner: 'sysu', names: { en: 'Old sharing network', zh: '旧共用网' } },
    ],
    (id) => (id === deadChannel && clock.wall() >= deadFrom ? 'gone' : 'there'),
  )

interface PageOwner {
  readonly id: string
  readonly owner: string
  readonly names: object
}

/** Serves a page for each channel and has it probed every hour, or as `probing` says. */
export async function servePages(
  channels: readonly PageOwner[],
  answer: (channel: string) => PageAnswer,
  probing: object = {},
): Promise<BookingPages> {
  const server = createServer((request, response) => {
    const [status, text] = answers[answer((request.url ?? '').replaceAll('/', ''))]
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const of = (one: PageOwner) => ({
    ...{ ...one, everyMs: 3_600_000, allowPrivate: ['127.0.0.1'], ...probing },
    pages: [{ id: 'booking', url: `http://127.0.0.1:${port}/${one.id}/`, contains: '预约' }],
  })
  return {
    settings: channelsFrom({ channels: channels.map(of) }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
