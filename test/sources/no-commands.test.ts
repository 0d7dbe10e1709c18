import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Source } from '@hours/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const modules = ['gateway/src', 'sensing/src'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(path))
    .map((path) => ({ path: `${folder}/${path}`, text: readFileSync(join(root, folder, path), 'utf8') })),
)
const holding = (pattern: RegExp) =>
  modules
    .filter(({ text }) => pattern.test(text))
    .map(({ path }) => path)
    .sort()

it('MQTT is published by two modules: to the site’s broker, and one fixed request to a Sparkplug node', () => {
  expect(modules.length).toBeGreaterThan(60)
  expect(holding(/from 'mqtt'/)).toEqual([
    'gateway/src/local.ts',
    'gateway/src/sources/sparkplug-rebirth.ts',
    'gateway/src/transport.ts',
  ])
  // The client of the lab's broker stays inside `local.ts`, which never publishes.
  expect(holding(/\.publish(Async)?\(/).filter((path) => holding(/from 'mqtt'/).includes(path))).toEqual([
    'gateway/src/sources/sparkplug-rebirth.ts',
    'gateway/src/transport.ts',
  ])
  expect(holding(/listenLocally\(/)).toEqual([
    'gateway/src/local.ts',
    'gateway/src/run-gateway.ts',
    'gateway/src/sources/sparkplug-source.ts',
  ])
  expect(
    holding(
      /\b(write(Coils?|Registers?|FC\d+)|callMethod|writeSingleNode|gpioset)\b|session\.(write|call)\(/,
    ),
  ).toEqual([])
})

it('the request is a constant: no name of a group or node makes another topic of it, and no payload is passed in', () => {
  const text = readFileSync(join(root, 'gateway/src/sources/sparkplug-rebirth.ts'), 'utf8')
  expect(text.match(/publishAsync\([^)]*\)/g)).toEqual([
    'publishAsync(`spBv1.0/${group}/NCMD/${node}`, payload, { qos: 0 })',
  ])
  expect(text).toContain(
    "const rebirth = { name: 'Node Control/Rebirth', type: 'Boolean', value: true } as const",
  )
  expect(text).toMatch(/encodePayload\(\{ timestamp: clock\.wall\(\), metrics: \[rebirth\] \}\)/)
  fc.assert(
    fc.property(fc.string(), fc.string(), (group, node) => {
      const read = Source.safeParse({ kind: 'sparkplug', group, node, device: 'd' })
      const levels = `spBv1.0/${group}/NCMD/${node}`.split('/')
      expect(!read.success || (levels.length === 4 && !/[+#]/.test(levels.join('')))).toBe(true)
    }),
  )
})
