import type { Reporter, TestModule } from 'vitest/node'

/** Prints the line that CI reads: `N passed, N failed` (and the skipped, by name, before it). */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0
    let failed = unhandled.length
    const skipped: string[] = []
    for (const file of modules) {
      if (file.errors().length > 0) failed += 1
      for (const test of file.children.allTests()) {
        const state = test.result().state
        if (state === 'passed') passed += 1
        else if (state === 'failed') failed += 1
        else skipped.push(`${file.relativeModuleId}: ${test.fullName}`)
      }
    }
    for (const name of skipped) console.log(`left out: ${name}`)
    console.log(
      `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`,
    )
  }
}
