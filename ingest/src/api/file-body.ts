import type { FastifyInstance, FastifyRequest } from 'fastify'

/** In this plugin, and nowhere else, a body of any type is taken as bytes. */
export function takeFiles(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body))
}

/** The file that was sent; without a body an empty one. */
export const fileOf = ({ body }: Pick<FastifyRequest, 'body'>): Uint8Array =>
  body instanceof Uint8Array ? body : new Uint8Array()
