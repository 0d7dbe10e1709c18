import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiWorld, createApiWorld } from '../../ingest/src/api/api.fixture.ts'
import { start } from '../../ingest/src/ingest.fixture.ts'

let world: ApiWorld
let url: string
beforeAll(async () => {
  world = await createApiWorld()
  world.clock.advanceTo(start + 24 * HOUR)
  await world.api.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${String((world.api.server.address() as AddressInfo).port)}`
})
afterAll(() => world.close())

const hours = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const root = join(import.meta.dirname, '../..')
    const argv = ['--disable-warning=ExperimentalWarning', join(root, 'hours.ts'), 'import', ...args]
    const child = execFile(process.execPath, argv, { cwd: root, timeout: 30_000 }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err })
    })
  })

const head = 'instrument,from,to,user,beneficiary,purpose'
const good = 'gz-gibh/sem-01,2026-01-05 08:00,2026-01-05 09:00,u,gibh,research'
const bad = 'gz-gibh/sem-02,2026-01-05 08:00,2026-01-05 09:00,u,gibh,research'
const fileOf = (name: string, text: string) => {
  const path = join(world.folder, name)
  writeFileSync(path, text)
  return path
}

describe('hours import', () => {
  it('tries, writes, and knows again what it has written', async () => {
    const file = fileOf('a.csv', `${head}\n${good}\n`)
    const dry = await hours(file, '--url', url, '--dry-run')
    expect(dry).toMatchObject({ code: 0 })
    expect(dry.out).toContain('1 accepted, 0 there already, 0 wait as corrections, 0 refused (dry run')
    expect((await hours(file, '--url', url)).out).toContain('1 accepted')
    expect((await hours(file, '--url', url)).out).toContain('0 accepted, 1 there already')
  })

  it('names line, field, value and fix of what is refused, and ends with 1', async () => {
    const { code, out } = await hours(fileOf('b.csv', `${head}\n${bad}\n`), '--url', url)
    expect(code).toBe(1)
    expect(out).toContain('line 2 refused: instrument "gz-gibh/sem-02":')
    expect(out).toContain('did you mean gz-gibh/sem-01')
  })

  it('ends with 2 where the file is no table, is not there, or nobody answers', async () => {
    const zip = await hours(fileOf('c.xlsx', 'PK\u0003\u0004'), '--url', url)
    expect(zip).toMatchObject({ code: 2 })
    expect(zip.err).toContain('ZIP archive')
    expect(await hours(join(world.folder, 'none.csv'), '--url', url)).toMatchObject({ code: 2 })
    const nobody = await hours(fileOf('d.csv', `${head}\n${good}\n`), '--url', 'http://127.0.0.1:1')
    expect(nobody.code).toBe(2)
  })
})
