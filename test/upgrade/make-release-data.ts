// Writes the data of a small site as the release at hand writes it, packed, and what it says of them:
//   node test/upgrade/make-release-data.ts 0.2.0
// To be run once for every release, before it is tagged; the file is committed and never made again.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '@hours/firmware-sim'
import { createIngest, openDoor, recordItem } from '@hours/ingest'
import { createManualClock, DAY, MINUTE, type PageSpan } from '@hours/protocol'
import { pino } from 'pino'
import { createTestGateway, site, type TestGateway } from '../../ingest/src/ingest.fixture.ts'
import { packFolder } from './site-archive.ts'
import { schemaOf, siteFigures } from './site-figures.ts'
import { gatewayPassword, personPassword, releaseSite } from './release-site.ts'

const [, , release = ''] = process.argv
if (!/^\d+\.\d+\.\d+$/.test(release)) throw new Error(`"${release}" is no version such as 0.1.0`)
const { from, to, gateways, instruments } = releaseSite
const pageMs = 15 * MINUTE
const random = createRandom(1)
const folder = mkdtempSync(join(tmpdir(), 'hours-release-'))
const clock = createManualClock(from)
const dataDir = join(folder, 'data')
const options = { dataDir, clock, log: pino({ level: 'silent' }), logName: 'hours.release', simulated: false }
const ingest = await createIngest(options)
const senders = gateways.map((id) => createTestGateway(id, from))

await ingest.recordAll([
  recordItem('organisation', 'installation', {
    id: 'gibh',
    parent: null,
    kind: 'entity',
    names: { en: 'GIBH' },
    zone: 'Asia/Shanghai',
    from: from - DAY,
  }),
  ...senders.flatMap((one) => one.records()),
  ...instruments.map((instrument, i) =>
    recordItem('enrolment', site, {
      instrument,
      gateway: gateways[i % gateways.length],
      unit: 'gibh',
      from,
      names: { en: instrument, zh: '扫描电镜' },
    }),
  ),
])
for (const id of gateways) ingest.setGatewayPassword(id, gatewayPassword)

/** Two states fill a page, or one and a silence. */
function spans(): PageSpan[] {
  const cut = 1 + Math.floor(random() * (pageMs - 1))
  const states = ['run', 'standby', 'off', 'fault'] as const
  const [first = 'run', second = 'off'] = states.toSorted(() => random() - 0.5)
  return random() < 0.1
    ? [[first, 0, cut]]
    : [
        [first, 0, cut],
        [second, cut, pageMs],
      ]
}

const send = ({ id, topic }: TestGateway, payload: Uint8Array) =>
  ingest.commit({ topic, payload, client: id })
const kept: Uint8Array[] = []
for (let n = 0; from + n * pageMs < to; n++) {
  const at = from + (n + 1) * pageMs
  clock.advanceTo(at + 2_000)
  for (const [g, gateway] of senders.entries()) {
    const own = instruments.filter((_, i) => i % gateways.length === g)
    if (g === 0 && n % 40 === 20) {
      // Off air, though its counters went on.
      gateway.skip(pageMs, Object.fromEntries(own.map((id) => [id, pageMs / 2])))
      continue
    }
    const elapsed = gateway.at() - from
    const page = gateway.page(Object.fromEntries(own.map((id) => [id, spans()])), {
      to: gateway.at() + pageMs,
      mono: [elapsed + 1_000, elapsed + 1_000 + pageMs],
    })
    // The second one was cut off for a while, and brought its pages late.
    if (g === 1 && n >= 50 && n < 60) kept.push(page)
    else await send(gateway, page)
    if (g === 1 && n === 60) for (const one of kept) await send(gateway, one)
    if (n === 30) await send(gateway, Buffer.from('no page at all'))
  }
  if (n % 24 === 3)
    await ingest.recordAll([
      recordItem('session', site, {
        id: `s-${n}`,
        instrument: instruments[0],
        from: at - 4 * pageMs,
        to: at,
        beneficiary: 'gibh',
        user: 'u-1',
        purpose: 'research',
        actor: 'somebody',
      }),
    ])
  await ingest.settled()
}
clock.advanceTo(clock.wall() + 2 * MINUTE)
await ingest.settled()
const said = siteFigures(ingest, releaseSite)
await ingest.close()

const door = await openDoor({ dataDir, clock })
await door.accounts.create(
  { id: 'lin', name: 'Lin', role: 'facility_manager', organisations: ['gibh'] },
  personPassword,
)
await door.accounts.signIn('lin', 'not the password')
const key = door.accounts.createKey({ account: 'lin', label: 'scripts', scopes: ['read'], days: 700 })
door.audit.add({ actor: 'console', action: 'account.add', target: 'lin', outcome: 'ok' })
door.close()

const expected = {
  release,
  schema: { index: schemaOf(dataDir, 'index'), operations: schemaOf(dataDir, 'operations') },
  key,
  said,
}
writeFileSync(join(folder, 'expected.json'), JSON.stringify(expected))
const name = join(import.meta.dirname, 'releases', `${release}.site`)
const packed = packFolder(folder)
writeFileSync(name, packed)
rmSync(folder, { recursive: true })
console.log(`${name}: ${packed.length} bytes, schema ${JSON.stringify(expected.schema)}`)
