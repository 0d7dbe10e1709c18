import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the demo remembers between two starts. */
export interface DemoState {
  readonly seed: number
  /** Where its history begins, and how far it has been played (Unix ms). */
  readonly from: number
  readonly until: number
  /** How long the first history is, in days; 30 where an earlier release did not say. */
  readonly days?: number
}

const file = (dir: string) => join(dir, 'demo.json')

/** The state of an earlier start; undefined when there was none, or when it is unreadable (then the demo begins anew). */
export function readDemoState(dir: string): DemoState | undefined {
  if (!existsSync(file(dir))) return undefined
  try {
    return JSON.parse(readFileSync(file(dir), 'utf8')) as DemoState
  } catch {
    return undefined
  }
}

/** Written whole or not at all. */
export function writeDemoState(dir: string, state: DemoState): void {
  writeFileSync(`${file(dir)}.new`, JSON.stringify(state))
  renameSync(`${file(dir)}.new`, file(dir))
}
