import type { Reporter, TestModule } from 'vitest/node'
import type {} from './hostile-cases.ts'

/**
 * Prints the line that CI reads: `N passed, N failed`; before it the skipped, by name, and how many cases of the hostile
 * matrix were refused as they should be.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0
    let failed = unhandled.length
    const skipped: string[] = []
    const hostile = new Map<string, number>()
    for (const file of modules) {
      if (file.errors().length > 0) failed += 1
      for (const test of file.children.allTests()) {
        const state = test.result().state
        const cases = test.meta().hostile ?? 0
        if (state === 'passed' && cases > 0)
          hostile.set(file.relativeModuleId, (hostile.get(file.relativeModuleId) ?? 0) + cases)
        if (state === 'passed') passed += 1
        else if (state === 'failed') failed += 1
        else skipped.push(`${file.relativeModuleId}: ${test.fullName}`)
      }
    }
    if (hostile.size > 0) {
      const all = [...hostile.values()].reduce((sum, one) => sum + one, 0)
      const each = [...hostile].map(([file, cases]) => `${file} ${cases}`).sort()
      console.log(`hostile matrix: ${all} cases, each refused (${each.join(', ')})`)
    }
    for (const name of skipped) console.log(`left out: ${name}`)
    console.log(
      `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`,
    )
  }
}
