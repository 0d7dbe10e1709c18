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

/** The page of `deadChannel` is gone from `deadFrom` (Unix ms of `clock`) on. */
export async function serveBookingPages(clock: Clock, deadFrom: number): Promise<BookingPages> {
  const server = createServer((request, response) => {
    const isGone = request.url !== `/${channel}/` && clock.wall() >= deadFrom
    const text = isGone ? 'the page is gone' : '<!doctype html><title>预约</title><h1>仪器预约 Booking</h1>'
    response.writeHead(isGone ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const of = (id: string, owner: string, names: object) => ({
    ...{ id, owner, names, everyMs: 3_600_000, allowPrivate: ['127.0.0.1'] },
    pages: [{ id: 'booking', url: `http://127.0.0.1:${port}/${id}/`, contains: '预约' }],
  })
  return {
    settings: channelsFrom({
      channels: [
        of(channel, 'gibh', { en: 'Guangzhou booking network', zh: '广州仪器预约网' }),
        of(deadChannel, 'sysu', { en: 'Old sharing network', zh: '旧共用网' }),
      ],
    }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
