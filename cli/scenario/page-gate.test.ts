import { GatewayId, type UpMessage } from '@hours/protocol'
import { expect, it } from 'vitest'
import { createPageGate } from './page-gate.ts'

const message = (client: string, text: string, end = 'page'): UpMessage => ({
  client: GatewayId.parse(client),
  topic: `hours/1/lab/${client}/${end}`,
  payload: new TextEncoder().encode(text),
})

/** A gate before a log that takes what `refuses` does not name. */
function gateBeforeLog({ refuses = '', patienceMs }: { refuses?: string; patienceMs?: number } = {}) {
  const logged: string[] = []
  const gate = createPageGate(({ payload }) => {
    const text = new TextDecoder().decode(payload)
    if (text === refuses) return Promise.reject(new Error(`${text} is refused`))
    logged.push(text)
    return Promise.resolve()
  }, patienceMs)
  const send = (client: string, ...texts: string[]) =>
    texts.map((text) => Promise.resolve(gate.commit(message(client, text))))
  return { gate, logged, send }
}

it('pages wait until those of every gateway are there, and go through together', async () => {
  const { gate, logged, send } = gateBeforeLog()
  const sent = send('gw-1', 'a0', 'a1')
  let isThere = false
  const gathered = gate.gathered({ 'gw-1': 2, 'gw-2': 1 }).then(() => (isThere = true))
  await Promise.resolve()
  expect(isThere).toBe(false)
  sent.push(...send('gw-2', 'b0'))
  await gathered
  expect(logged).toEqual([])
  await gate.let({ 'gw-1': 2, 'gw-2': 1 })
  await Promise.all(sent)
  expect(logged).toEqual(['a0', 'a1', 'b0'])
})

it('what a gateway sends ahead of its step stays behind the gate', async () => {
  const { gate, logged, send } = gateBeforeLog()
  const [first, second, third] = send('gw-1', 'a0', 'a1', 'a2')
  await gate.gathered({ 'gw-1': 1 })
  await gate.let({ 'gw-1': 1 })
  await first
  expect(logged).toEqual(['a0'])
  // Counted from the start: of three, one went before.
  await gate.gathered({ 'gw-1': 3 })
  await gate.let({ 'gw-1': 3 })
  await Promise.all([second, third])
  expect(logged).toEqual(['a0', 'a1', 'a2'])
})

it('what is no page goes through at once', async () => {
  const { gate, logged } = gateBeforeLog()
  await gate.commit(message('gw-1', 'status', 'status'))
  expect(logged).toEqual(['status'])
})

it('a page that the log refuses is refused to its gateway, and holds nobody else up', async () => {
  const { gate, logged, send } = gateBeforeLog({ refuses: 'a0' })
  const [bad, good] = [...send('gw-1', 'a0'), ...send('gw-2', 'b0')]
  const refused = expect(bad).rejects.toThrow('a0 is refused')
  await gate.let({ 'gw-1': 1, 'gw-2': 1 })
  await Promise.all([refused, good])
  expect(logged).toEqual(['b0'])
})

it('names the gateway whose page does not come', async () => {
  const { gate, send } = gateBeforeLog({ patienceMs: 1 })
  void send('gw-1', 'a0')
  await expect(gate.gathered({ 'gw-1': 1, 'gw-2': 1 })).rejects.toThrow('no page came in 1 ms of gw-2')
})

it('once it is closed nobody waits for a page, neither for one that is held nor for one that comes after', async () => {
  const { gate, logged, send } = gateBeforeLog()
  const [held] = send('gw-1', 'a0')
  gate.close()
  const [after] = send('gw-1', 'a1')
  await expect(held).rejects.toThrow('the simulation has ended')
  await expect(after).rejects.toThrow('the simulation has ended')
  await gate.commit(message('gw-1', 'goodbye', 'status'))
  expect(logged).toEqual(['goodbye'])
})
