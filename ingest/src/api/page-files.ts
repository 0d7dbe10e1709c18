import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { Problem, sendProblem } from './problem.ts'
import type { Api } from './server.ts'

/** The built page; a path it does not have is the page itself, so that deep links work. */
export async function servePage(app: Api, webRoot: string | undefined): Promise<void> {
  const there = webRoot !== undefined && existsSync(join(webRoot, 'index.html'))
  if (there)
    await app.register(fastifyStatic, {
      root: webRoot,
      wildcard: false,
      index: 'index.html',
      cacheControl: false,
      setHeaders: (response, path) => {
        // Vite puts a hash into the names below assets/.
        const immutable = /[\\/]assets[\\/]/.test(path)
        void response.header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
  app.setNotFoundHandler((request, reply) => {
    // The query is the page's own and may hold anything, such as a decimal number.
    const [path = ''] = request.url.split('?')
    const isPage =
      there &&
      (request.method === 'GET' || request.method === 'HEAD') &&
      !/^\/(api|log|docs|metrics|assets|health|ready)(\/|$)/.test(path) &&
      !/\.\w+$/.test(path)
    if (isPage) return reply.sendFile('index.html')
    return sendProblem(
      reply,
      new Problem(404, 'not found', { value: request.url.slice(0, 200), fix: 'see /docs' }),
    )
  })
}
