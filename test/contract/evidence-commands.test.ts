import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { proveCommand } from '../../cli/prove.ts'
import { reportCommand } from '../../cli/report.ts'
import { runCommand } from '../../cli/run-command.ts'
import { verifyCommand } from '../../cli/verify.ts'
import { witnessCommand } from '../../cli/witness.ts'

/** What somebody reads who types a command of evidence wrongly: code 2, never 1, which is for tampering. */
const example = join(import.meta.dirname, '../../docs/example-report')
const commands = {
  verify: verifyCommand,
  prove: proveCommand,
  witness: witnessCommand,
  report: reportCommand,
}
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hours-usage-'))
  mkdirSync(join(folder, 'empty'))
  mkdirSync(join(folder, 'site', 'log', '2026'), { recursive: true })
  writeFileSync(join(folder, 'bad.policy'), 'log\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

async function run(verb: keyof typeof commands, ...args: string[]): Promise<{ code: number; said: string }> {
  let said = ''
  const take = (text: unknown) => {
    said += `${String(text)}\n`
    return true
  }
  vi.stubEnv('INIT_CWD', folder)
  const spies = [
    vi.spyOn(console, 'error').mockImplementation(take),
    vi.spyOn(process.stderr, 'write').mockImplementation(take),
    vi.spyOn(process.stdout, 'write').mockImplementation(take),
  ]
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
    vi.unstubAllEnvs()
  })
  const code = await runCommand(`hours ${verb}`, commands[verb], args)
  return { code, said }
}

describe('a command of evidence, typed wrongly, says what and how to mend it', () => {
  it.each([
    ['verify', [example, '--policy', 'nothere'], /--policy: .*nothere cannot be read \(ENOENT\)\. Fix: /],
    ['verify', ['nothere'], /nothere is not there\. Fix: /],
    ['verify', ['empty'], /empty has no statement\.jws: no report\. Fix: .*--log/],
    ['verify', ['--log', 'site', '--policy', 'bad.policy'], /site has no folder of a year\. Fix: .*log/],
    ['prove', ['nothere', '--page', 'gw-1/0/3'], /nothere is not there\. Fix: /],
    ['prove', [example, '--page', 'gw-1/0/3', '--policy', 'nothere'], /--policy: .* cannot be read/],
    ['witness', ['--name', 'w', '--logs', 'nothere'], /--logs: .*nothere cannot be read/],
    ['witness', ['--name', 'w', '--logs', 'bad.policy'], /--logs: .*bad\.policy, line 1: /],
    ['report', ['--data', 'empty', '--period', '2025'], /--data: .*empty holds no log\. Fix: /],
  ] as const)('hours %s %j', async (verb, args, wanted) => {
    const { code, said } = await run(verb, ...args)
    expect(said).toMatch(wanted)
    expect(code).toBe(2)
  })

  it('has help that names it as it is called, with sentences whole', async () => {
    const { code, said } = await run('verify', '--help')
    expect(code).toBe(0)
    expect(said).toMatch(/Usage: hours verify /)
    expect(said.replaceAll(/\s+/g, ' ')).toContain('every signature, that all of it stands in the log')
    expect(said).not.toMatch(/that all of it\n/)
  })
})
