import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'

/** Throws with the fix where it cannot. */
export function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true })
  } catch (cause) {
    throw new Error(`--data: "${dir}" cannot be written. Fix: --data DIR with a folder of yours.`, { cause })
  }
}

/** Deletes the demo's folder when the answer is yes; false = it stays. */
export async function reset(dir: string, yes: boolean): Promise<boolean> {
  if (!existsSync(dir)) return true
  if (!yes) {
    if (!process.stdin.isTTY) throw new Error(`--reset deletes ${dir} and asks first. Fix: add --yes.`)
    const prompt = createInterface({ input: process.stdin, output: process.stdout })
    const answer = await prompt.question(`Delete ${dir} with its log and all its hours? Type "yes": `)
    prompt.close()
    if (answer.trim() !== 'yes') {
      console.log('Nothing was deleted.')
      return false
    }
  }
  rmSync(dir, { recursive: true, force: true })
  return true
}
