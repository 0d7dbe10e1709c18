import { LiveEvent } from '@hours/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

let world: ApiWorld
let address: string
beforeAll(async () => {
  world = await createApiWorld()
  address = await world.api.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => world.close())

/** Reads from the stream until `enough` says so. */
async function listen(enough: (text: string) => boolean, lastId?: string, meanwhile?: () => Promise<void>) {
  const stop = new AbortController()
  const answer = await fetch(`${address}/api/v1/events`, {
    headers: lastId === undefined ? {} : { 'last-event-id': lastId },
    signal: stop.signal,
  })
  let text = ''
  let begun = false
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (!begun) {
      begun = true
      await meanwhile?.()
    }
    if (enough(text)) break
  }
  stop.abort()
  return { text, headers: answer.headers }
}

const idsIn = (text: string) => [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1]!)

it('live states arrive, and who comes back gets what it missed, once', async () => {
  const { text, headers } = await listen(
    (all) => all.includes('event: state'),
    undefined,
    () => world.stateEvent('sem-01', 'run', world.clock.wall()),
  )
  expect(headers.get('x-hours-simulated')).toBe('true')
  expect(headers.get('content-security-policy')).toContain("default-src 'self'")
  const data = /^data: (.*)$/m.exec(text)?.[1]
  expect(LiveEvent.parse(JSON.parse(data!))).toMatchObject({ key: 'gz-gibh/sem-01', state: 'run' })
  const seen = idsIn(text).at(-1)!
  world.clock.advanceTo(world.clock.wall() + 1_000)
  await world.stateEvent('sem-01', 'off', world.clock.wall())
  await world.stateEvent('nmr-01', 'fault', world.clock.wall())
  const again = await listen((all) => idsIn(all).length === 2, seen)
  expect(again.text).toMatch(/"state":"off"[\s\S]*"state":"fault"/)
  expect(idsIn(again.text)).not.toContain(seen)
})

it('an id of another start, or nonsense, is answered with reset', async () => {
  for (const id of ['deadbeef-3', 'x', '9'.repeat(400)]) {
    const { text } = await listen((all) => all.includes('reset'), id)
    expect(text).toContain('event: reset')
  }
})
