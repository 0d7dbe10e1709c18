// Writes docs/example-report and docs/example.policy, a day of two simulated instruments with a witness of its own:
//   node test/independent/make-example.ts
// The files are committed: whoever writes a checker begins with them, and every later release must still verify them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { reportedSite } from '../attacks/bundle.fixture.ts'

const docs = join(import.meta.dirname, '../../docs')
const world = await reportedSite({ logName: 'demo.example', simulated: true })
for (const [name, bytes] of await world.report()) {
  const path = join(docs, 'example-report', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}
writeFileSync(join(docs, 'example.policy'), world.policy)
await world.close()
